/** `code` or `code:detail`: what logs, the ledger and people see. */
export function toReason({ code, detail }: { code: string; detail?: string | undefined }): string {
  return detail === undefined ? code : `${code}:${detail}`;
}
