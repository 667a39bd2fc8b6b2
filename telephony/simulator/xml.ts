import type { HttpMethod } from './events';

/** A node of fast-xml-parser's order-preserving output: one key names the tag, `:@` holds the attributes. */
export type XmlNode = {
  readonly [tag: string]: readonly XmlNode[] | string | Readonly<Record<string, string>>;
};

export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlNode[];
}

export function isElement(node: XmlNode): boolean {
  return !('#text' in node);
}

/** The elements among the nodes, in document order. */
export function childElements(nodes: readonly XmlNode[]): Element[] {
  return nodes.filter(isElement).flatMap((node): Element[] => {
    const name = Object.keys(node).find((key) => key !== ':@');
    if (name === undefined) return [];
    const children = node[name];
    return [
      {
        name,
        attributes: (node[':@'] ?? {}) as Readonly<Record<string, string>>,
        children: Array.isArray(children) ? (children as readonly XmlNode[]) : [],
      },
    ];
  });
}

/** The element's own text and that of elements within it (SSML), with runs of white space as one space. */
export function textOf(element: Element): string {
  const texts = (nodes: readonly XmlNode[]): string[] =>
    nodes.flatMap((node) => {
      const text = node['#text'];
      if (typeof text === 'string') return [text];
      return childElements([node]).flatMap((child) => texts(child.children));
    });
  return texts(element.children).join(' ').replace(/\s+/g, ' ').trim();
}

/** Reads one element's attributes; a wrong value falls back to the default with a warning, as at Twilio. */
export class Attributes {
  private readonly unread: Set<string>;

  constructor(
    private readonly element: Element,
    private readonly warnings: string[],
  ) {
    this.unread = new Set(Object.keys(element.attributes));
  }

  text(name: string): string | null {
    this.unread.delete(name);
    return this.element.attributes[name] ?? null;
  }

  /** Attributes that are right, but change nothing in a simulation. */
  pass(...names: readonly string[]): void {
    for (const name of names) this.unread.delete(name);
  }

  /** Whether it has exactly this value; if not, it is still to be read. */
  is(name: string, value: string): boolean {
    if (this.element.attributes[name] !== value) return false;
    this.unread.delete(name);
    return true;
  }

  integer(name: string, min: number, max: number, fallback: number): number {
    const text = this.text(name);
    if (text === null) return fallback;
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    return this.wrong(name, text, fallback);
  }

  boolean(name: string, fallback: boolean): boolean {
    return this.oneOf(name, ['true', 'false'], fallback ? 'true' : 'false') === 'true';
  }

  method(name: string): HttpMethod {
    return this.oneOf(name, ['GET', 'POST'], 'POST');
  }

  oneOf<T extends string>(name: string, allowed: readonly T[], fallback: T): T {
    const text = this.text(name);
    if (text === null) return fallback;
    return allowed.find((value) => value === text) ?? this.wrong(name, text, fallback);
  }

  /** A list separated by spaces (commas are taken too, as Twilio does). */
  list<T extends string>(name: string, allowed: readonly T[], fallback: readonly T[]): readonly T[] {
    const text = this.text(name);
    if (text === null) return fallback;
    const parts = text.split(/[\s,]+/).filter((part) => part !== '');
    const wrong = parts.filter((part) => !allowed.some((value) => value === part));
    if (wrong.length > 0) this.warnings.push(`${name}="${text}": ${wrong.join(', ')} ignored`);
    return allowed.filter((value) => parts.includes(value));
  }

  /** Warns of every attribute that nobody asked for. */
  done(): void {
    for (const name of this.unread) {
      this.warnings.push(`<${this.element.name} ${name}="…"> is not simulated; ignored`);
    }
  }

  private wrong<T>(name: string, text: string, fallback: T): T {
    this.warnings.push(`<${this.element.name} ${name}="${text}"> is not valid; ${String(fallback)} used`);
    return fallback;
  }
}
