/*
 * Asking a carrier about a call, where it can be asked: for calls of which nobody tells us any more.
 */

/** What a carrier knows of a call. */
export interface CarrierWord {
  readonly state: 'in_progress' | 'over';
  /** The carrier's own word for it, for example `completed`. */
  readonly status: string;
  /** Whole seconds of the caller's leg; `null`: not known yet. */
  readonly seconds: number | null;
  /** Whole seconds of the longest leg to a buyer that was answered; `null`: none was, or it is not over. */
  readonly answeredSeconds: number | null;
}

/** A carrier that can be asked. */
export interface CarrierInquiry {
  readonly carrier: string;
  /**
   * @returns `null` when the carrier does not know the call
   * @throws when it gives no answer that can be read, or none before `signal` is aborted
   */
  ask(
    call: { readonly accountSid: string; readonly sid: string },
    signal: AbortSignal,
  ): Promise<CarrierWord | null>;
}
