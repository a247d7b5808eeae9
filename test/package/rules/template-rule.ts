import type { RepositoryPackage } from '../template/package-repository.ts';
import { at, type Template } from '../template/template.ts';

/** A change of the template that breaks a rule. */
export type Breach = (template: Template) => void;

export interface TemplateRule {
  readonly title: string;
  /** What is wrong with the template; empty where nothing is. */
  readonly check: (template: Template, packaged: RepositoryPackage) => string[];
  readonly breaches: readonly Breach[];
}

/** Sets a property of a resource; the path starts with its logical id. */
export function set([id, ...keys]: readonly (string | number)[], value: unknown): Breach {
  return (it) => {
    const last = keys.at(-1) ?? '';
    const parent = at(it.Resources, id ?? '', 'Properties', ...keys.slice(0, -1));
    if (typeof parent !== 'object' || parent === null)
      throw new Error(`There is no ${[id, ...keys].join('.')}`);
    Object.assign(parent, { [last]: value });
  };
}

export function grant(role: string, statement: object): Breach {
  return (it) => {
    const statements = at(it.Resources, role, 'Properties', 'Policies', 0, 'PolicyDocument', 'Statement');
    if (!Array.isArray(statements)) throw new Error(`${role} has no statements`);
    statements.push(statement);
  };
}
