import type { z } from 'zod';
import { callSchema } from '../../contract/call';
import { conditionSchema } from '../../contract/condition';
import {
  acceptanceSchema,
  dialSettingsSchema,
  duplicateRuleSchema,
  treatmentsSchema,
} from '../../contract/campaign';
import { hoursSchema } from '../../contract/hours';
import { buyerPriceSchema, dueRuleSchema, priceRuleSchema } from '../../contract/money';
import { destinationSchema, promptSchema, treatmentSchema } from '../../contract/prompt';

/** Schemas that have a name in the OpenAPI document; all others stand where they are used. */
export const COMPONENTS: Readonly<Record<string, z.ZodType>> = {
  Acceptance: acceptanceSchema,
  BuyerPrice: buyerPriceSchema,
  Call: callSchema,
  Condition: conditionSchema,
  Destination: destinationSchema,
  DialSettings: dialSettingsSchema,
  DueRule: dueRuleSchema,
  DuplicateRule: duplicateRuleSchema,
  Hours: hoursSchema,
  PriceRule: priceRuleSchema,
  Prompt: promptSchema,
  Treatment: treatmentSchema,
  Treatments: treatmentsSchema,
};
