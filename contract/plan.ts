import { z } from 'zod';
import type { AssignmentId } from '../domain/ids';
import type { RoutingPlan, RoutingRule, Strategy } from '../domain/routing/plan';
import { conditionSchema } from './condition';
import { microsTextSchema } from './money';
import { treatmentSchema } from './prompt';

export const prioritySchema = z.int().min(1).max(1_000_000);
export const weightSchema = z.number().positive().max(1_000_000);

export const strategySchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('waterfall') }),
  z.strictObject({ kind: z.literal('weighted') }),
  z.strictObject({ kind: z.literal('round_robin') }),
  z.strictObject({
    kind: z.literal('auction'),
    reserveMicros: microsTextSchema.nullable().default(null),
    rankBy: z.enum(['bid', 'expected_revenue']).default('bid'),
  }),
]) satisfies z.ZodType<Strategy>;

export const routingRuleSchema = z.strictObject({
  name: z.string().min(1).max(120),
  when: conditionSchema.nullable().default(null),
  strategy: strategySchema,
  candidates: z
    .array(
      z.strictObject({
        assignmentId: z
          .string()
          .min(1)
          .max(64)
          .transform((id) => id as AssignmentId),
        priority: prioritySchema.nullable().default(null),
        weight: weightSchema.nullable().default(null),
      }),
    )
    .min(1)
    .max(20_000)
    .nullable()
    .default(null),
  fallback: treatmentSchema.nullable().default(null),
}) satisfies z.ZodType<RoutingRule>;

/** One version of a routing plan. */
export const planSchema = z.strictObject({
  rules: z
    .array(routingRuleSchema)
    .min(1)
    .max(500)
    .superRefine((rules, context) => {
      const seen = new Set<string>();
      for (const [index, { name }] of rules.entries()) {
        if (seen.has(name))
          context.addIssue({
            code: 'custom',
            path: [index, 'name'],
            message: 'is taken by a rule before: name each rule differently',
          });
        seen.add(name);
      }
    }),
  maxAttempts: z.int().min(1).max(20),
  recoverUnderSeconds: z.int().min(1).max(3600).nullable().default(null),
  fallback: treatmentSchema,
}) satisfies z.ZodType<RoutingPlan>;
