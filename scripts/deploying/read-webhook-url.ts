import { type CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';

/** The address of the hook that a stack answers on; undefined where the stack does not tell. */
export async function readWebhookUrl(
  client: CloudFormationClient,
  stage: string,
): Promise<string | undefined> {
  const { Stacks = [] } = await client.send(
    new DescribeStacksCommand({ StackName: `crisp-enrich-${stage}` }),
  );
  return Stacks[0]?.Outputs?.find(({ OutputKey }) => OutputKey === 'WebhookUrl')?.OutputValue;
}
