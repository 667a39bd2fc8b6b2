/** An event as it was sent, and the id with which a client goes on behind it. */
export interface StreamEvent {
  readonly event: string;
  readonly data: string;
  /** Empty: none was given yet. */
  readonly lastEventId: string;
}

/** What came in so far of an event. */
interface Pending {
  readonly event: string;
  readonly data: readonly string[];
  readonly lastEventId: string;
}

/**
 * The events of a stream (HTML, 9.2.6), in order. Ids without an event, by which a server says that nothing has happened,
 * come as events without a name. Ends with the stream.
 */
export async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<StreamEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  let pending: Pending = { event: '', data: [], lastEventId: '' };
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines.map((each) => each.replace(/\r$/, ''))) {
      if (line !== '') {
        pending = taking(pending, line);
        continue;
      }
      const { event, data, lastEventId } = pending;
      if (data.length > 0 || lastEventId !== '') yield { event, data: data.join('\n'), lastEventId };
      pending = { event: '', data: [], lastEventId };
    }
  }
}

function taking(pending: Pending, line: string): Pending {
  const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? [];
  switch (field) {
    case 'event':
      return { ...pending, event: value };
    case 'data':
      return { ...pending, data: [...pending.data, value] };
    case 'id':
      return { ...pending, lastEventId: value };
    default:
      return pending;
  }
}
