/** The version in package.json, repeated because that file is not part of a deployed function; a test keeps them equal. */
export const VERSION = '0.1.0';
