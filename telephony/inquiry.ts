/*
 * Asking a carrier about a call, where it can be asked: for calls of which nobody tells us any more.
 */

/** A leg that a call dialled and somebody answered. */
export interface AnsweredLeg {
  /** Who was rung: E.164 number or SIP URI. */
  readonly to: string;
  /** Whole seconds from the answer to the end; `null`: it goes on. */
  readonly seconds: number | null;
}

/** What a carrier knows of a call. */
export interface CarrierWord {
  readonly state: 'in_progress' | 'over';
  /** The carrier's own word for it, for example `completed`. */
  readonly status: string;
  /** Of all that the call ever dialled. */
  readonly answered: readonly AnsweredLeg[];
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
