import { unreachable } from './exhaustive';
import { type Destination, type Instructions, type Prompt, sayAndHangUp } from './instructions';

/**
 * What a caller gets when no buyer is to be dialled: because screening refused the call (paused, closed, blocked),
 * or because nobody could take it.
 */
export type Treatment =
  | { readonly kind: 'message'; readonly prompt: Prompt }
  | { readonly kind: 'reject'; readonly reason: 'busy' | 'rejected' }
  | { readonly kind: 'forward'; readonly destination: Destination; readonly ringTimeoutSeconds: number }
  | { readonly kind: 'voicemail'; readonly prompt: Prompt; readonly maxSeconds: number };

/** Treatments after which the call is still up, so that its end has to be waited for. */
export type OpenTreatment = Extract<Treatment, { kind: 'forward' | 'voicemail' }>;
/** Treatments with which the call is over as soon as the carrier has them. */
export type ClosingTreatment = Exclude<Treatment, OpenTreatment>;

export function keepsCallOpen(treatment: Treatment): treatment is OpenTreatment {
  return treatment.kind === 'forward' || treatment.kind === 'voicemail';
}

/** Instructions of a treatment that ends the call. */
export function closingInstructions(treatment: ClosingTreatment): Instructions {
  switch (treatment.kind) {
    case 'message':
      return sayAndHangUp(treatment.prompt);
    case 'reject':
      return [{ verb: 'reject', reason: treatment.reason }];
    default:
      return unreachable(treatment);
  }
}
