import type { AssignmentId } from '../../domain/ids';
import { microsToText, type Micros, type MicrosText } from '../../domain/money';

/** Who a call is dialled for first, and at what price. */
interface FirstDial {
  readonly assignmentId: AssignmentId;
  readonly buyerName: string | null;
  readonly priceMicros: MicrosText;
}

/** From what is stored of it; `null`: nobody. */
export function presentFirstDial(
  assignment: string | null,
  buyer: string | null,
  price: bigint | null,
): FirstDial | null {
  return assignment === null || price === null
    ? null
    : {
        assignmentId: assignment as AssignmentId,
        buyerName: buyer,
        priceMicros: microsToText(price as Micros),
      };
}
