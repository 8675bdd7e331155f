/** What a level's run says of itself, in the shape of vitest's JSON reporter (the part that is read). */
export interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly VitestFile[];
}

interface VitestFile {
  /** The file's path. */
  readonly name: string;
  readonly status: string;
  /** Why the file as a whole failed, such as an import or a hook; empty else. */
  readonly message: string;
  readonly assertionResults: readonly VitestTest[];
}

interface VitestTest {
  readonly fullName: string;
  readonly status: string;
  readonly failureMessages?: readonly string[] | null;
}

/** Tests by how they ended, and what is to be told again of those that failed. */
export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly failures: readonly string[];
}

/** Lines of each message that are told again; the whole stands where the test ran. */
const MESSAGE_LINES = 12;

/**
 * Counts and failures of a level. A run that vitest itself calls failed has at least one failure, even where every test
 * passed: an error outside of all tests, or a hook's.
 */
export function outcomeOf(level: string, report: VitestReport, status: number | null): Outcome {
  const failures = report.testResults.flatMap((file) => failuresOf(level, file));
  if (failures.length === 0 && status !== 0) failures.push(`${level}: an error outside of all tests, see above`);
  return {
    passed: report.numPassedTests,
    failed: Math.max(report.numFailedTests, status === 0 ? 0 : 1),
    skipped: report.numPendingTests + report.numTodoTests,
    failures,
  };
}

function failuresOf(level: string, file: VitestFile): string[] {
  const failed = file.assertionResults.filter((test) => test.status === 'failed');
  const told = failed.map((test) => failure(level, `${file.name} > ${test.fullName}`, test.failureMessages ?? []));
  if (told.length === 0 && file.status === 'failed') told.push(failure(level, file.name, [file.message]));
  return told;
}

function failure(level: string, name: string, messages: readonly string[]): string {
  const told = messages.filter((message) => message !== '');
  if (told.length === 0) return `${level}: ${name}\n    a hook of it failed, see above`;
  const lines = told.flatMap((message) => message.split('\n').slice(0, MESSAGE_LINES));
  return [`${level}: ${name}`, ...lines.map((line) => `    ${line}`)].join('\n');
}
