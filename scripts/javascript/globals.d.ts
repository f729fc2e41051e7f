/* What the site's scripts hang on `window` for one another, for tsc. */

type TensorFlow = typeof import("../../book/runtime/tensorflow.js");
type Tensor = import("@tensorflow/tfjs-core").Tensor;
type Tensor4D = import("@tensorflow/tfjs-core").Tensor4D;

/** The source of book/figures/workers/train.js, bundled; esbuild puts it there. */
declare const TRAIN_WORKER: string;

interface Window {
  digitbookElement: MakeElement;
  digitbookPictures: {
    colours(from: number[], to: number[]): Uint32Array;
    paint(
      canvas: HTMLCanvasElement,
      pictures: { height: number; width: number; count: number; columns: number },
      palette: Uint32Array,
      level: (picture: number, pixel: number) => number,
    ): void;
  };
  digitbookPad(listener: { changed(event?: Event): void; say(text: string): void }): Pad;
  digitbookPrepare: { prepareDrawing(ink: ArrayLike<number>, width: number, height: number): Uint8Array };
  /** Of the site, where there is no `digitbookService`. */
  digitbookNetworks: Engine[];
  /** Of the page of `digitbook serve`, where there are no `digitbookNetworks`. */
  digitbookService: Engine;
  digitbookTensorFlow?: TensorFlow | { missing: true };
  /** The networks that the build found, as `web_assets` lists them. */
  digitbookReleased: Released[];
  /** By a file's name, the data: address of its content. */
  digitbookEmbedded: Record<string, string>;
  /** Where a file is that lies beside the figures' scripts. */
  digitbookAddress(file: string): string;
  /** Load a script that lies beside the figures' once, and wait for it. */
  digitbookScript(file: string): Promise<void>;
  /** By name, what fills a live figure's place, given what the chapter told it. */
  digitbookFigures: Record<string, (box: HTMLElement, told: any) => Promise<void> | void>;
  digitbookDigits: { data: string; classes: string[]; fit: number; packed: string; labels: number[] };
  /** By digit, strokes of a hand in pixels of 280 by 280. */
  digitbookHands: Record<string, [number, number][][]>;
  digitbookMistakes: { sets: MistakeSet[]; leftOut: string[] };
}

type MakeElement = <Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  properties?: Record<string, string | number | boolean>,
  ...children: (Node | string)[]
) => HTMLElementTagNameMap[Name];

/** The parts of a pad (pad.js), and the drawing as a network is given it: 784 levels from 0 to 255. */
interface Pad {
  sheet: HTMLElement;
  canvas: HTMLCanvasElement;
  hint: HTMLElement;
  undo: HTMLButtonElement;
  clear: HTMLButtonElement;
  range: HTMLInputElement;
  keys: HTMLElement;
  prepared(): Uint8Array;
  /** Write strokes, in pixels of 280 by 280, as a hand would. */
  write(strokes: [number, number][][]): void;
}

/** A network of the site; one of the kind "guard" is for the networks of the data sets that it guards. */
interface Released {
  name: string;
  kind: string;
  noun: string;
  classes: string[];
  data: string | null;
  guards: string[];
}

/** What reads drawings: see draw.js. */
interface Engine {
  /** What it reads, "digits", and the word for one of them, "digit". */
  readonly kind: string;
  readonly noun: string;
  /** Not there before `ready`, unless networks.js lists them. */
  readonly classes: string[];
  /** The probability below which an answer is unsure, from `ready` on; older descriptions lack it. */
  readonly limit: number;
  /** Resolves once `read` may be called; rejects with a message for the reader, who may try again. */
  ready(): Promise<void>;
  /** image: 784 grey levels from 0 to 255, as `prepareDrawing` returns them. */
  read(image: Uint8Array): Promise<Reading>;
  /** What the last layer is given of an image, and the layer; of the networks in the page alone. */
  features?(image: Uint8Array): {
    features: Float64Array;
    last: { kernel: Float64Array; bias: Float64Array; classes: number; temperature: number };
  };
}

/** What network.js needs of `NAME.json`, which `digitbook export` writes. */
interface Description {
  temperature: number;
  confidence_limit: number;
  sha256: Record<".bin", string>;
  layers: Layer[];
}

/** Of the keys, a layer has those of its type (see `release.export`), and `weights` if it has any. */
interface Layer {
  type: string;
  shape: number[];
  size: [number, number];
  strides: [number, number];
  padding: "same" | "valid";
  activation: "relu" | "softmax" | null;
  epsilon: number;
  weights: Record<string, { offset: number; shape: number[] }>;
}

interface Reading {
  /** One for each class, in their order, the temperature applied. */
  probabilities: number[];
  /** What the last convolution of each size answered. */
  maps?: Maps[];
  /** What speaks for each class and where, square pictures of this width; they add up to its score. */
  looked?: { width: number; values: Float32Array[] };
  /** Why there is no answer, in a sentence. */
  why?: string | null;
}

/** The maps of a convolution, which is called by its number, from 1: the channels of a place lie side by
 * side, and are 0 where nothing was found. */
interface Maps {
  convolution: number;
  height: number;
  width: number;
  channels: number;
  values: ArrayLike<number> & Iterable<number>;
}

/** The misread digits of a data set as `digitbook.explorer` writes them; explorer.js unpacks `digits`. */
interface MistakeSet {
  name: string;
  classes: string[];
  examples: number;
  models: Model[];
  /** index, label, and for each wrong or split answer: model, class, runs, confidence in thousandths. */
  digits: [number, number, [number, number, number, number][]][];
  sheet?: { file: string; columns: number };
}

interface Model {
  name: string;
  runs: number;
  errors: number;
}
