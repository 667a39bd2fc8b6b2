import { XMLParser, XMLValidator } from 'fast-xml-parser';

export interface Verb {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly text: string;
  readonly children: readonly Verb[];
}

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  ignoreDeclaration: true,
});

type Node = Record<string, unknown> & { readonly ':@'?: Record<string, string> };

/** The verbs of a TwiML document. @throws when it is no well-formed `<Response>`. */
export function parseTwiml(xml: string): Verb[] {
  const valid = XMLValidator.validate(xml);
  if (valid !== true) throw new Error(`Not well-formed: ${valid.err.msg}\n${xml}`);
  const [root, ...others] = toVerbs(parser.parse(xml) as Node[]);
  if (root?.name !== 'Response' || others.length > 0) throw new Error(`No single <Response>:\n${xml}`);
  return [...root.children];
}

function toVerbs(nodes: Node[]): Verb[] {
  return nodes.flatMap((node): Verb[] => {
    const name = Object.keys(node).find((key) => key !== ':@' && key !== '#text');
    if (name === undefined) return [];
    const inner = node[name] as Node[];
    return [
      {
        name,
        attributes: node[':@'] ?? {},
        text: inner.map(textOf).join(''),
        children: toVerbs(inner),
      },
    ];
  });
}

function textOf(node: Node): string {
  const text = node['#text'];
  return typeof text === 'string' ? text : '';
}
