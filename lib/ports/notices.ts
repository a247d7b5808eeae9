/** Where those hear of the stage who hear of its alarms. */
export interface Notices {
  publish(notice: { readonly subject: string; readonly text: string }): Promise<void>;
}
