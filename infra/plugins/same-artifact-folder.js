import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/**
 * An osls plugin. osls uploads a deployment's artefacts to a folder named for the moment, and writes that name into the
 * template. A mere `package` names the folder for what is in the artefacts instead: the same sources then give the same
 * template, and changed ones still give a template that CloudFormation sees as changed.
 */
export default class SameArtifactFolder {
  constructor(serverless) {
    this.hooks = {
      'before:package:compileFunctions': () => {
        if (serverless.processedInput.commands.join(' ') !== 'package') return;
        const { service } = serverless;
        const stage = serverless.getProvider('aws').getStage();
        service.package.artifactDirectoryName = `serverless/${service.service}/${stage}/${hashArtifacts(serverless)}`;
      },
    };
  }
}

function hashArtifacts({ service, serviceDir }) {
  const hash = createHash('sha256');
  for (const name of service.getAllFunctions().sort()) {
    hash.update(readFileSync(resolve(serviceDir, service.getFunction(name).package.artifact)));
  }
  return hash.digest('hex').slice(0, 16);
}
