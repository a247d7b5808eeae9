import { type Piece, toPieces } from './words.ts';

/** Text from anywhere: isolated from what stands beside it, its invisible and directing characters shown. */
export function Text({ children }: { children: string | null | undefined }) {
  return <bdi dir="auto">{toPieces(children ?? '').map(renderPiece)}</bdi>;
}

function renderPiece(piece: Piece, index: number) {
  if (typeof piece === 'string') return piece;
  return (
    <span key={index} class="mark" title={`${piece.code}, an invisible character`}>
      {piece.mark}
    </span>
  );
}
