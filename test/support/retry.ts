// Machines that run the checks may stall for seconds, and many tests here have a time to keep. There a test that fails
// is tried once more, and both outcomes are printed: what is broken fails twice.
if (process.env['CI'] === 'true') jest.retryTimes(1, { logErrorsBeforeRetry: true });
