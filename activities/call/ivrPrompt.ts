import type { Flow } from '../../contract/campaign';
import type { Menu } from '../../domain/call/policy';
import type { TimelineEntry } from '../../domain/call/timeline';

/** What a flow plays first. Its menu travels to the workflow, which repeats it without asking again. */
export function firstPrompt(
  flow: Flow,
  flowVersion: number | null,
  at: string,
): { readonly menu: Menu; readonly entry: TimelineEntry } {
  return {
    menu: flow.menu,
    entry: {
      key: 'menu:1:played',
      at,
      step: 'menu_played',
      decision: `menu with ${flow.menu.options.length} options, ${flow.menu.tries} tries`,
      detail: { flowVersion, timeoutSeconds: flow.menu.timeoutSeconds },
    },
  };
}
