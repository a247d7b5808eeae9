import type {
  BatchGetItemCommandInput,
  BatchWriteItemCommandInput,
  DeleteItemCommandInput,
  GetItemCommandInput,
  PutItemCommandInput,
  QueryCommandInput,
  ScanCommandInput,
  UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { Recorder } from '../recorder.ts';
import { type AwsActions, toAwsError } from './call.ts';
import { type Item, parseCondition, parseUpdate, type Scope } from './expressions.ts';

const toCondition = remember(parseCondition);
const toUpdate = remember(parseUpdate);

/** Tables with string keys `pk` and `sk`, and DynamoDB's expressions as far as the ledger uses them. */
export function createFakeDynamoDb(recorder: Pick<Recorder, 'note'>): AwsActions {
  // By table and partition key, then by sort key.
  const partitions = new Map<string, Map<string, Item>>();

  function find(table: string | undefined, { pk, sk }: Item = {}): Item | undefined {
    return partitions.get(toPlace(table, pk?.S))?.get(sk?.S ?? '');
  }

  function store(table: string | undefined, item: Item): void {
    const place = toPlace(table, item.pk?.S);
    const partition = partitions.get(place) ?? new Map<string, Item>();
    partitions.set(place, partition.set(item.sk?.S ?? '', item));
    recorder.note({ type: 'note-written', text: JSON.stringify(item) });
  }

  function list(table: string | undefined, pk: string): Item[] {
    const partition = partitions.get(toPlace(table, pk));
    if (!partition) return [];
    return [...partition.keys()].sort().map((sk) => partition.get(sk) ?? {});
  }

  return {
    CreateTable: () => ({}),
    DescribeTable: () => ({ Table: { TableStatus: 'ACTIVE' } }),

    GetItem({ TableName, Key }: GetItemCommandInput) {
      const Item = find(TableName, Key);
      return Item ? { Item } : {};
    },

    PutItem(input: PutItemCommandInput) {
      const { Item = {} } = input;
      check(input, find(input.TableName, Item));
      store(input.TableName, Item);
      return {};
    },

    UpdateItem(input: UpdateItemCommandInput) {
      const { Key = {}, UpdateExpression = '', ReturnValues } = input;
      const old = find(input.TableName, Key);
      check(input, old);
      const next = { ...toUpdate(UpdateExpression)(toScope(input, old)), ...Key };
      store(input.TableName, next);
      if (ReturnValues === 'ALL_OLD') return old ? { Attributes: old } : {};
      return ReturnValues === 'ALL_NEW' ? { Attributes: next } : {};
    },

    DeleteItem(input: DeleteItemCommandInput) {
      const { Key = {} } = input;
      const old = find(input.TableName, Key);
      check(input, old);
      partitions.get(toPlace(input.TableName, Key.pk?.S))?.delete(Key.sk?.S ?? '');
      return input.ReturnValues === 'ALL_OLD' && old ? { Attributes: old } : {};
    },

    BatchGetItem({ RequestItems = {} }: BatchGetItemCommandInput) {
      const answers = Object.entries(RequestItems).map(([table, { Keys = [] }]) => [
        table,
        Keys.map((key) => find(table, key)).filter((item) => item !== undefined),
      ]);
      return { Responses: Object.fromEntries(answers), UnprocessedKeys: {} };
    },

    BatchWriteItem({ RequestItems = {} }: BatchWriteItemCommandInput) {
      for (const [table, requests] of Object.entries(RequestItems))
        for (const { PutRequest } of requests) store(table, PutRequest?.Item ?? {});
      return { UnprocessedItems: {} };
    },

    Query: query,

    Scan({ TableName }: ScanCommandInput) {
      const prefix = toPlace(TableName);
      const all = [...partitions].filter(([place]) => place.startsWith(prefix));
      return { Items: all.flatMap(([, partition]) => [...partition.values()]) };
    },
  };

  function query(input: QueryCommandInput) {
    const {
      KeyConditionExpression = '',
      ScanIndexForward = true,
      Limit = 1_000_000,
      ExclusiveStartKey,
    } = input;
    const condition = toCondition(KeyConditionExpression);
    const filter = input.FilterExpression === undefined ? () => true : toCondition(input.FilterExpression);
    const all = list(input.TableName, findPartitionKey(input)).filter((item) =>
      condition(toScope(input, item)),
    );
    const ordered = ScanIndexForward ? all : all.reverse();
    const start = ExclusiveStartKey?.sk?.S;
    const from = start === undefined ? 0 : ordered.findIndex(({ sk }) => sk?.S === start) + 1;
    const page = ordered.slice(from, from + Limit);
    const last = page.at(-1);
    const isMore = from + page.length < ordered.length;
    return {
      Items: page.filter((item) => filter(toScope(input, item))),
      Count: page.length,
      ...(isMore && last && { LastEvaluatedKey: { pk: last.pk, sk: last.sk } }),
    };
  }
}

function toPlace(table = '', pk = ''): string {
  return `${table}\n${pk}`;
}

interface Expressions {
  readonly ConditionExpression?: string | undefined;
  readonly ExpressionAttributeValues?: Item | undefined;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>> | undefined;
}

function toScope(input: Expressions, item: Item = {}): Scope {
  return { item, values: input.ExpressionAttributeValues ?? {}, names: input.ExpressionAttributeNames ?? {} };
}

function check(input: Expressions, old: Item | undefined): void {
  if (input.ConditionExpression === undefined) return;
  if (!toCondition(input.ConditionExpression)(toScope(input, old)))
    throw toAwsError('ConditionalCheckFailedException', 400);
}

/** The partition that a query is about: `pk = :value`, first of all its conditions. */
function findPartitionKey({
  KeyConditionExpression = '',
  ExpressionAttributeValues = {},
}: QueryCommandInput): string {
  const [, value = ''] = /(?:pk|#pk)\s*=\s*(:\w+)/.exec(KeyConditionExpression) ?? [];
  const pk = ExpressionAttributeValues[value]?.S;
  if (pk === undefined) throw new SyntaxError(`no partition in ${KeyConditionExpression}`);
  return pk;
}

/** The results of a pure function of a text: the code under test has few expressions, and uses them ever again. */
function remember<Result>(compute: (text: string) => Result): (text: string) => Result {
  const known = new Map<string, Result>();
  return (text) => {
    const result = known.get(text) ?? compute(text);
    known.set(text, result);
    return result;
  };
}
