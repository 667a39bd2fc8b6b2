import type { Progress } from '../progress';
import type { Result } from '../report';

export interface SectionOptions {
  readonly rounds: number;
  /** Campaigns and callers. */
  readonly seed: number;
  /** Counted milliseconds of each cell in a round. */
  readonly windowMs: number;
  readonly progress: Progress;
}

export interface SectionResult {
  /** What is printed: tables with a heading. */
  readonly text: string;
  readonly results: readonly Result[];
}

/** One question of `npm run bench -- routing`: measured by itself, told one after the other. */
export type Section = (options: SectionOptions) => Promise<SectionResult>;
