/** Where a queue is, as far as its URL tells. */
export interface QueueAddress {
  readonly name: string;
  /** Empty where the URL does not tell. */
  readonly account: string;
  /** Undefined for an endpoint that is not AWS's own. */
  readonly region: string | undefined;
  readonly isFifo: boolean;
}

const AWS_HOST = /^(?:sqs\.([a-z0-9-]+)\.|([a-z0-9-]+)\.queue\.)/;

/** Reads `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME` and the local form of it; any text gives an address. */
export function toQueueAddress(queueUrl: string): QueueAddress {
  const url = URL.parse(queueUrl);
  const [account = '', name = queueUrl] = url?.pathname.split('/').slice(1) ?? [];
  const [, region, legacyRegion] = AWS_HOST.exec(url?.hostname ?? '') ?? [];
  return { name, account, region: region ?? legacyRegion, isFifo: name.endsWith('.fifo') };
}
