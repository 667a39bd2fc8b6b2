/** How long somebody else's service may take to take a message, in milliseconds. */
const PATIENCE_MS = 10_000;

/**
 * Posts JSON. @throws when it is not taken: any answer but 2xx, none in time, or a redirect, which could lead anywhere
 */
export async function announce(url: string, body: object): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'user-agent': 'Callyard' },
    body: JSON.stringify(body),
    redirect: 'error',
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`${new URL(url).host} answered ${response.status}`);
}
