/** Receives one short line of text, without a line end, each time a step has something to say. */
export type OnProgress = (text: string) => void;

/** For callers that want no output. */
export const silent: OnProgress = () => undefined;
