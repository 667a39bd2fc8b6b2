import { changed, changesIn, type Change } from './numbers';

/*
 * The page's text and links. Digits are replaced where they stand, so elements, listeners and notation stay as they are.
 */

/** Elements that text goes on through: a number may be spread over several of them. */
const INLINE =
  /^(A|ABBR|B|BDI|BDO|BIG|CITE|DATA|DEL|DFN|EM|FONT|I|INS|LABEL|MARK|NOBR|Q|S|SMALL|SPAN|STRIKE|STRONG|SUB|SUP|TIME|TT|U|VAR|WBR)$/;
/** Elements whose text nobody reads, or somebody is writing. */
const SKIPPED = /^(SCRIPT|STYLE|NOSCRIPT|TEMPLATE|TEXTAREA|SELECT|IFRAME|OBJECT)$/;

/** A script of the page that always writes the old text back is let have its way after so many times. */
const MOST_REPLACEMENTS = 30;

/** Puts a number in the place of others, now and whenever the page changes. */
export interface PageNumbers {
  /** @param number digits of E.164 */
  show(number: string): void;
}

/** @param own digits of E.164 of the numbers that are the page's own */
export function watchPage(own: readonly string[]): PageNumbers {
  const replaced = new WeakMap<Node, number>();
  const wanted = new Set(own);
  let shown: string | null = null;

  const mayReplace = (node: Node): boolean => {
    const times = replaced.get(node) ?? 0;
    replaced.set(node, times + 1);
    return times < MOST_REPLACEMENTS;
  };

  const apply = (nodes: readonly Text[]): void => {
    if (shown === null) return;
    const changes = changesIn(nodes.map(({ data }) => data).join(''), [...wanted], shown);
    if (changes.length === 0) return;
    let offset = 0;
    for (const node of nodes) {
      const { data } = node;
      const end = offset + data.length;
      const here: Change[] = [];
      for (const { at, to } of changes) if (at >= offset && at < end) here.push({ at: at - offset, to });
      const text = changed(data, here);
      if (text !== data && mayReplace(node)) node.data = text;
      offset = end;
    }
  };

  const applyToAttribute = (element: Element, name: string): void => {
    const value = element.getAttribute(name);
    if (value === null || shown === null) return;
    let text = value;
    try {
      text = decodeURIComponent(value);
    } catch {
      // A lone % is a percent sign.
    }
    const changes = changesIn(text, [...wanted], shown);
    if (changes.length > 0 && mayReplace(element)) element.setAttribute(name, changed(text, changes));
  };

  const scan = (root: Node): void => {
    let run: Text[] = [];
    const flush = (): void => {
      if (run.length > 0) apply(run);
      run = [];
    };
    const walk = (node: Node): void => {
      if (node instanceof Text) {
        run.push(node);
        return;
      }
      const element = node instanceof Element ? node : null;
      if (element !== null) {
        if (SKIPPED.test(element.tagName) || (element instanceof HTMLElement && element.isContentEditable))
          return;
        if (element.hasAttribute('data-callyard-keep')) return flush();
        if (element instanceof HTMLAnchorElement && /^tel:/i.test(element.getAttribute('href') ?? ''))
          for (const name of ['href', 'title', 'aria-label']) applyToAttribute(element, name);
      }
      const inline = element !== null && INLINE.test(element.tagName);
      if (!inline) flush();
      for (let child = node.firstChild; child !== null; child = child.nextSibling) walk(child);
      if (!inline) flush();
    };
    walk(root);
    flush();
  };

  const observer = new MutationObserver((records) => {
    const roots = new Set<Node>();
    for (const { type, target, addedNodes } of records) {
      if (type !== 'childList') roots.add(blockOf(target));
      for (const node of addedNodes) roots.add(blockOf(node));
    }
    for (const root of roots) if (root.isConnected && !isKept(root)) scan(root);
    // What we have just written ourselves is no news.
    observer.takeRecords();
  });

  return {
    show(number) {
      if (number === shown) return;
      if (shown === null) {
        observer.observe(document, {
          subtree: true,
          childList: true,
          characterData: true,
          attributes: true,
          attributeFilter: ['href'],
        });
      } else wanted.add(shown);
      shown = number;
      scan(document);
      observer.takeRecords();
    },
  };
}

/** The element whose text a node is a part of. */
function blockOf(node: Node): Node {
  let block = node;
  while (
    block.parentNode !== null &&
    (block instanceof Text || (block instanceof Element && INLINE.test(block.tagName)))
  )
    block = block.parentNode;
  return block;
}

function isKept(node: Node): boolean {
  const element = node instanceof Element ? node : node.parentElement;
  return element !== null && element.closest('[data-callyard-keep],script,style,textarea') !== null;
}
