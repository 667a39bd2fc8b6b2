// A real server, worker and workflow take seconds on a busy machine; a hung test should still fail within the minute.
jest.setTimeout(60_000);
