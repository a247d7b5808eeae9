export { plural } from '../../core/text/plural.ts';
