import { z } from 'zod';
import type { FlowOperation } from '../domain/ivr/operations';
import { flowNodeSchema, nodeIdSchema } from './flow';

/** One edit of a flow, as the API takes it and the audit trail keeps it. */
export const flowOperationSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('add_node'), id: nodeIdSchema, node: flowNodeSchema }),
  z.strictObject({ kind: z.literal('replace_node'), id: nodeIdSchema, node: flowNodeSchema }),
  z.strictObject({ kind: z.literal('remove_node'), id: nodeIdSchema }),
  z.strictObject({ kind: z.literal('rename_node'), from: nodeIdSchema, to: nodeIdSchema }),
  z.strictObject({
    kind: z.literal('connect'),
    from: nodeIdSchema,
    exit: z
      .string()
      .regex(/^[A-Za-z]{1,32}(\.\d{1,3})?$/, 'must be the name of an exit, for example next or options.0'),
    /** The empty string disconnects the exit. */
    to: z.union([nodeIdSchema, z.literal('')]),
  }),
  z.strictObject({ kind: z.literal('set_start'), id: nodeIdSchema }),
  z.strictObject({ kind: z.literal('duplicate_node'), id: nodeIdSchema, as: nodeIdSchema }),
]) satisfies z.ZodType<FlowOperation>;

/** Edits that are applied in order, all of them or none. */
export const flowOperationsSchema = z.array(flowOperationSchema).min(1).max(500);
