import type { SimulatedClock } from './clock';
import type { CallEventBody } from './events';
import type { CallbackReport, Delivery } from './options';
import type { Webhook, WebhookSender } from './webhook';

/**
 * Sends reports beside the call, which never waits for them. Undisturbed ones leave one after the other, so that a
 * run is repeatable; a delayed one leaves on its own.
 */
export class Callbacks {
  private queue: Promise<void> = Promise.resolve();
  private readonly delayed: Promise<void>[] = [];
  private readonly failures: string[] = [];

  constructor(
    private readonly sender: WebhookSender,
    private readonly clock: SimulatedClock,
    private readonly decide: (report: CallbackReport) => Delivery,
    private readonly emit: (event: CallEventBody) => void,
  ) {}

  /** Hands one report over for delivery; returns at once. */
  report(report: CallbackReport, webhook: Webhook): void {
    const delivery = this.decide(report);
    switch (delivery.kind) {
      case 'drop':
        this.emit({ type: 'callback-dropped', purpose: report.purpose, status: report.status });
        return;
      case 'delay':
        this.delayed.push(this.deliverLate(webhook, delivery.seconds));
        return;
      case 'send':
        this.queue = this.queue.then(() => this.deliver(webhook));
        return;
    }
  }

  /** Waits until everything is delivered; returns what could not be. */
  async drain(): Promise<readonly string[]> {
    await this.queue;
    await Promise.all(this.delayed);
    return this.failures;
  }

  private async deliverLate(webhook: Webhook, seconds: number): Promise<void> {
    try {
      await this.clock.sleep(seconds);
    } catch (stopped) {
      // Nobody may be waiting yet, so the reason is kept for drain's caller instead of rejecting here.
      this.failures.push(`${webhook.method} ${webhook.url}: not sent: ${String(stopped)}`);
      return;
    }
    await this.deliver(webhook);
  }

  private async deliver(webhook: Webhook): Promise<void> {
    const result = await this.sender.send(webhook);
    if (!result.ok) this.failures.push(result.message);
  }
}
