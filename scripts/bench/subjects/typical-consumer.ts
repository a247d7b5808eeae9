import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import { getParameter } from '@aws-lambda-powertools/parameters/ssm';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { ChangeMessageVisibilityCommand, SQSClient } from '@aws-sdk/client-sqs';
import middy from '@middy/core';
import type { Context, SQSEvent, SQSRecord } from 'aws-lambda';
import { Crisp } from 'crisp-api';
import { z } from 'zod';

// A consumer as the documentation of its libraries has one written: an anchor of bundle sizes, never run.
const logger = new Logger({ serviceName: 'consumer' });
const metrics = new Metrics({ namespace: 'typical', serviceName: 'consumer' });
const [s3, sns, dynamodb, sqs] = [
  new S3Client({}),
  new SNSClient({}),
  new DynamoDBClient({}),
  new SQSClient({}),
];
const Job = z.object({ websiteId: z.uuid(), sessionId: z.string() });

async function refresh({ body, receiptHandle }: SQSRecord): Promise<void> {
  const { websiteId, sessionId } = Job.parse(JSON.parse(body));
  const crisp = new Crisp();
  crisp.authenticateTier('plugin', String(await getParameter('id')), String(await getParameter('key')));
  const [Bucket, TopicArn, QueueUrl] = [
    process.env.ARCHIVE_BUCKET,
    process.env.TOPIC_ARN,
    process.env.QUEUE_URL,
  ];
  try {
    const record = {
      ...(await crisp.website.getConversation(websiteId, sessionId)),
      messages: await crisp.website.getMessagesInConversation(websiteId, sessionId),
    };
    const Body = JSON.stringify(record);
    await s3.send(new PutObjectCommand({ Bucket, Key: `${websiteId}/${sessionId}.json`, Body }));
    await sns.send(new PublishCommand({ TopicArn, Message: Body }));
    await dynamodb.send(
      new PutItemCommand({ TableName: process.env.LEDGER_TABLE, Item: { pk: { S: sessionId } } }),
    );
  } catch (error) {
    const retry = { QueueUrl, ReceiptHandle: receiptHandle, VisibilityTimeout: 60 };
    await sqs.send(new ChangeMessageVisibilityCommand(retry));
    throw error;
  }
  metrics.addMetric('refreshed', MetricUnit.Count, 1);
}

const processor = new BatchProcessor(EventType.SQS);
export const handler = middy((event: SQSEvent, context: Context) =>
  processPartialResponse(event, refresh, processor, { context }),
)
  .use(injectLambdaContext(logger))
  .use(logMetrics(metrics));
