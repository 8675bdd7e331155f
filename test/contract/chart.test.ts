import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { CHART_FILES, renderChartFiles } from '../../scripts/generate-chart.ts';
import { LOG_LEVELS } from '../../src/telemetry/log-level.ts';

/** The chart as far as its files alone tell; test/cluster/chart.test.ts has what helm makes of them. */

interface Schema {
  readonly enum?: readonly string[];
  readonly additionalProperties?: boolean | object;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly definitions?: Readonly<Record<string, Schema>>;
}

const VALUES = readFileSync('charts/weir/values.yaml', 'utf8');
const schema: Schema = JSON.parse(readFileSync('charts/weir/values.schema.json', 'utf8'));
const KEEP = { annotations: { 'helm.sh/resource-policy': 'keep' } };

/** Given by Helm to a chart that is part of another: no value of this one. */
const OF_HELM = 'global';

/** The paths of every value that the schema knows. */
function known(part: Schema, path = ''): string[] {
  const entries = Object.entries(part.properties ?? {}).filter(([name]) => name !== OF_HELM);
  return entries.flatMap(([name, child]) => {
    const inner = known(child, `${path}${name}.`);
    return inner.length === 0 ? [`${path}${name}`] : inner;
  });
}

function valueAt(path: string): unknown {
  return path.split('.').reduce((value: unknown, name) => (isObject(value) ? value[name] : undefined), parse(VALUES));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** The lines of values.yaml that begin a value, without a comment in the line above. */
function uncommented(): string[] {
  const lines = VALUES.split('\n');
  return lines.filter((line, index) => {
    const isSection = /^\w+:$/.test(line);
    return !isSection && /^(?: {2})?\w+:/.test(line) && !/^ *#/.test(lines[index - 1] ?? '');
  });
}

describe('the files that the chart shares with the rest', () => {
  it('are what `npm run generate` would write, and there are no others', () => {
    const found = globSync('**/*.yaml', { cwd: CHART_FILES }).toSorted();
    expect(found.map((path) => [path, readFileSync(join(CHART_FILES, path), 'utf8')])).toEqual([...renderChartFiles()]);
  });

  it.each(globSync('crds/*.yaml'))('%s says the same there, and that helm leaves it alone', (file) => {
    const [original, copy] = [file, join(CHART_FILES, file)].map((path) => parse(readFileSync(path, 'utf8')));
    expect(copy).toEqual({ ...original, metadata: { ...original.metadata, ...KEEP } });
  });
});

describe('the chart', () => {
  it('has the version of the package, twice', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    const chart = parse(readFileSync('charts/weir/Chart.yaml', 'utf8'));
    expect([chart.version, chart.appVersion]).toEqual([version, version]);
  });
});

describe('the values', () => {
  it('are legal by their own schema', () => {
    const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile({ ...schema, $schema: undefined });
    expect([validate(parse(VALUES)), validate.errors]).toEqual([true, null]);
  });

  it('are those that the schema knows, and each has a default', () => {
    const paths = known(schema);
    expect(paths.length).toBeGreaterThan(20);
    expect(paths.filter((path) => valueAt(path) === undefined)).toEqual([]);
  });

  it('each have a comment', () => {
    expect(uncommented()).toEqual([]);
  });

  it('are refused where a name is not known, at every level', () => {
    const open = (part: Schema, path: string): string[] => [
      ...(part.properties !== undefined && part.additionalProperties !== false ? [path] : []),
      ...Object.entries({ ...part.properties, ...part.definitions }).flatMap(([name, child]) =>
        open(child, `${path}.${name}`),
      ),
    ];
    expect(open(schema, '')).toEqual([]);
  });

  it('know every log level', () => {
    expect(schema.definitions?.['logLevel']?.enum).toEqual(LOG_LEVELS);
  });
});
