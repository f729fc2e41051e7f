// @ts-check
"use strict";
/* The released networks in the browser: their weights as `digitbook export` wrote them, their layers run
 * by TensorFlow.js. Each is an engine of the drawing page (draw.js); networks.js lists what there is. */
window.digitbookNetworks = (() => {
  /**
   * @typedef {{ shape: number[], values: Float32Array }} Weight
   * @typedef {(x: Tensor) => Tensor} Run
   * @typedef {{ convolution?: number, run: Run }} Step a convolution has its number, from 1
   * @typedef {{ steps: Step[], temperature: number, limit: number, last: Last | null }} Loaded a network
   *   that can be run; last: what makes its sums of its last maps' means, where it ends so
   * @typedef {{ kernel: Weight, bias: Weight }} Last
   * @typedef {{ kernel: Weight, bias?: Float32Array, activation: "linear" | "relu" }} Folded
   */
  const here = /** @type {HTMLScriptElement} */ (document.currentScript).src;
  /** @type {TensorFlow} */
  let tf; // as soon as a network is to be read with
  /** @type {Promise<string> | undefined} */
  let computing; // what TensorFlow.js computes with: "wasm", or "cpu" where that cannot start
  window.digitbookEmbedded = {};

  const [guards, readers] = [true, false].map((one) =>
    window.digitbookReleased.filter(({ kind }) => (kind === "guard") === one));

  /** @param {Released} listed */
  function engine({ name, kind, noun, classes, data }) {
    const guard = guards.find((each) => each.guards.includes(data ?? ""));
    /** @type {Loaded} */
    let reader;
    /** @type {Loaded | undefined} */
    let guarding;
    /** @type {Promise<void> | null} */
    let starting;

    async function start() {
      if (!window.digitbookTensorFlow) await scripted("tensorflow.js");
      const found = window.digitbookTensorFlow;
      if (!found || "missing" in found) {
        throw new Error("This copy of the book was built without TensorFlow.js, which reads the drawings, " +
          "because npm could not fetch it. “make book”, run again with a network, adds it.");
      }
      tf = found;
      [reader, guarding] = await Promise.all([loaded(name), guard && loaded(guard.name)]);
    }

    return {
      name, kind, noun, classes,
      get limit() { return reader?.limit; },
      get backend() { return computing; },
      ready: () => (starting ??= start().catch((error) => { starting = null; throw error; })),

      /**
       * Resolves to `softmax`, too: the probabilities without the temperature.
       *
       * @param {Uint8Array} image
       */
      async read(image) {
        const { softmax, maps } = run(reader.steps, image);
        const looked = reader.last && maps.at(-1) ? evidence(/** @type {Maps} */ (maps.at(-1)), reader.last.kernel) : undefined;
        const why = guard && guarding ? refusal(guard, guarding, image) : null;
        return { probabilities: tempered(softmax, reader.temperature), softmax, maps, looked, why };
      },

      /** The means of the last maps, and the layer that makes the answer of them. @param {Uint8Array} image */
      features(image) {
        const { kernel, bias } = /** @type {Last} */ (reader.last);
        const { width, height, channels, values } = /** @type {Maps} */ (run(reader.steps, image).maps.at(-1));
        const features = new Float64Array(channels);
        for (let k = 0; k < values.length; k++) features[k % channels] += values[k] / (width * height);
        const last = { kernel: Float64Array.from(kernel.values), bias: Float64Array.from(bias.values), classes: classes.length };
        return { features, last: { ...last, temperature: reader.temperature } };
      },
    };
  }

  /**
   * Why a guard refuses an image, or null: as `Network.refusals` in digitbook.inference.network.
   *
   * @param {Released} guard
   * @param {Loaded} loaded
   * @param {Uint8Array} image
   */
  function refusal({ classes: [meant, ...others] }, { steps, temperature, limit }, image) {
    const [sure, ...less] = tempered(run(steps, image).softmax, temperature);
    return sure < limit ? `This looks like ${others[less.indexOf(Math.max(...less))]}, not like ${meant}.` : null;
  }

  /** Fetch a network, and run it once. @param {string} name @returns {Promise<Loaded>} */
  async function loaded(name) {
    /** @type {Description} */
    const description = await (await fetched(`${name}.json`)).json();
    const version = description.sha256[".bin"].slice(0, 8);
    const weights = decoded(await (await fetched(`${name}.bin`, `?v=${version}`)).arrayBuffer());
    await (computing ??= address("tensorflow.wasm").then(tf.start));
    const steps = assembled(description.layers, weights);
    run(steps, new Uint8Array(784)); // the first run sets up what the later ones use
    const [before, end] = description.layers.slice(-2);
    const last = before?.type === "average_pooling"
      ? { kernel: part(end.weights.kernel, weights), bias: part(end.weights.bias, weights) } : null;
    return { steps, temperature: description.temperature, limit: description.confidence_limit, last };
  }

  /**
   * Where a file beside this script is. A page that was opened from disk may not fetch it, and takes its
   * content from a script.
   *
   * @param {string} file
   * @returns {Promise<string>}
   */
  async function address(file, query = "") {
    if (location.protocol !== "file:") return new URL(file + query, here).href;
    await scripted(`${file}.js`);
    return window.digitbookEmbedded[file];
  }

  /** Run a script beside this one. @param {string} file @returns {Promise<void>} */
  const scripted = (file) => new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL(file, here).href;
    script.onload = () => resolve();
    script.onerror = () => reject(new Error(`The file ${file}, which the network needs, is missing.`));
    document.head.append(script);
  });

  /** A file without a version in its query is asked for anew. @param {string} file */
  async function fetched(file, query = "") {
    const place = await address(file, query);
    const answer = await fetch(place, query ? {} : { cache: "no-cache" }).catch(() => null);
    if (!answer?.ok) throw new Error(`The network could not be loaded (${file}: ${answer?.status ?? "no answer"}).`);
    return answer;
  }

  /** Little-endian float16 to numbers; there is no infinity among weights. @param {ArrayBuffer} buffer */
  function decoded(buffer) {
    const bits = new DataView(buffer);
    return Float32Array.from({ length: buffer.byteLength / 2 }, (_, place) => {
      const value = bits.getUint16(2 * place, true);
      const sign = value & 0x8000 ? -1 : 1, exponent = (value >> 10) & 31, fraction = value & 1023;
      return exponent ? sign * (1024 + fraction) * 2 ** (exponent - 25) : sign * fraction * 2 ** -24;
    });
  }

  /** @param {{ offset: number, shape: number[] }} place @param {Float32Array} weights @returns {Weight} */
  const part = ({ offset, shape }, weights) =>
    ({ shape, values: weights.slice(offset, offset + shape.reduce((a, b) => a * b, 1)) });

  /**
   * Where a network found what speaks for each class. It adds up the means of its last maps, so that
   * each class's sum is a sum over places, exactly (Zhou et al., 2016); from each, the mean over all
   * classes is taken, which no probability depends on.
   *
   * @param {Maps} maps
   * @param {Weight} last
   * @returns {{ width: number, values: Float32Array[] }} a picture for each class
   */
  function evidence({ width, height, channels, values }, { shape: [, classes], values: weights }) {
    const found = Array.from({ length: classes }, () => new Float32Array(width * height));
    for (let place = 0; place < width * height; place++) {
      const sums = new Float32Array(classes);
      for (let channel = 0; channel < channels; channel++) {
        const value = values[place * channels + channel];
        if (value) for (let k = 0; k < classes; k++) sums[k] += value * weights[channel * classes + k];
      }
      const mean = sums.reduce((a, b) => a + b) / classes;
      for (let k = 0; k < classes; k++) found[k][place] = (sums[k] - mean) / (width * height);
    }
    return { width, values: found };
  }

  /**
   * One function a step, from tensor to tensor. A convolution takes the normalisation and the ReLU
   * that follow it into its own kernel, bias and activation.
   *
   * @param {Layer[]} layers
   * @param {Float32Array} weights
   */
  function assembled(layers, weights) {
    /** @type {Step[]} */
    const found = [];
    let convolutions = 0;
    for (let i = 0; i < layers.length; i++) {
      const layer = layers[i];
      const values = Object.fromEntries(Object.entries(layer.weights ?? {}).map(([name, place]) => [name, part(place, weights)]));
      if (layer.type === "convolution") {
        const activation = /** @type {"relu" | null} */ (layer.activation) ?? "linear";
        /** @type {Folded} */
        const folded = { kernel: values.kernel, bias: values.bias?.values, activation };
        if (layers[i + 1]?.type === "normalisation") fold(folded, layers[++i], weights);
        if (layers[i + 1]?.type === "relu") { folded.activation = "relu"; i++; }
        found.push({ convolution: ++convolutions, run: convolution(layer, folded) });
      } else {
        if (!STEPS[layer.type]) throw new Error(`The network has a layer that this page cannot run: ${layer.type}.`);
        found.push({ run: STEPS[layer.type](layer, values) });
      }
    }
    return found;
  }

  /** @param {Folded} folded @param {Layer} normalisation @param {Float32Array} weights */
  function fold(folded, { epsilon, weights: places }, weights) {
    const [gamma, beta, mean, variance] = ["gamma", "beta", "mean", "variance"].map((name) =>
      weights.subarray(places[name].offset, places[name].offset + places[name].shape[0]));
    const scale = gamma.map((value, channel) => value / Math.sqrt(variance[channel] + epsilon));
    const bias = folded.bias ?? new Float32Array(scale.length);
    folded.bias = beta.map((value, channel) => value + (bias[channel] - mean[channel]) * scale[channel]);
    folded.kernel.values = folded.kernel.values.map((value, place) => value * scale[place % scale.length]);
  }

  /** @param {Layer} layer @param {Folded} folded @returns {(x: Tensor) => Tensor} */
  function convolution({ strides, padding: pad }, { kernel, bias, activation }) {
    const filter = /** @type {Tensor4D} */ (/** @type {Tensor} */ (tf.tensor(kernel.values, kernel.shape)));
    const added = bias && tf.tensor(bias, [bias.length]);
    return (x) => tf.fused.conv2d({ x: /** @type {Tensor4D} */ (x), filter, strides, pad, bias: added, activation });
  }

  /** @type {Record<string, (layer: Layer, values: Record<string, Weight>) => Run>} */
  const STEPS = {
    reshape: ({ shape }) => (x) => tf.reshape(x, [1, ...shape]),
    flatten: () => (x) => tf.reshape(x, [1, x.size]),
    max_pooling: ({ size, strides, padding }) => (x) => tf.maxPool(/** @type {Tensor4D} */ (x), size, strides, padding),
    average_pooling: () => (x) => tf.mean(x, [1, 2]),
    dense: ({ activation }, { kernel, bias }) => {
      const b = tf.tensor(kernel.values, kernel.shape), added = bias && tf.tensor(bias.values, bias.shape);
      const inside = activation === "relu" ? "relu" : "linear";
      /** @type {Run} */
      const weighed = (a) => tf.fused.matMul({ a, b, bias: added, activation: inside });
      return activation === "softmax" ? (a) => tf.softmax(weighed(a)) : weighed;
    },
  };

  /** @param {Step[]} steps @param {Uint8Array} image */
  function run(steps, image) {
    return tf.tidy(() => {
      /** @type {(Omit<Maps, "values"> & { tensor: Tensor })[]} */
      const maps = [];
      /** @type {Tensor} */
      let x = tf.tensor(Float32Array.from(image, (level) => level / 255), [1, 28, 28]);
      for (const step of steps) {
        x = step.run(x);
        if (!step.convolution) continue;
        const [, height, width, channels] = x.shape;
        if (maps.at(-1)?.height === height) maps.pop();
        maps.push({ convolution: step.convolution, height, width, channels, tensor: x });
      }
      return {
        softmax: x.dataSync(),
        maps: maps.map(({ tensor, ...shape }) => ({ ...shape, values: tensor.dataSync() })),
      };
    });
  }

  /**
   * As digitbook.networks.evaluation.with_temperature.
   *
   * @param {ArrayLike<number>} probabilities
   * @param {number} temperature
   */
  function tempered(probabilities, temperature) {
    const raised = Array.from(probabilities, (p) => Math.max(p, 1e-12) ** (1 / temperature));
    const total = raised.reduce((a, b) => a + b);
    return raised.map((p) => p / total);
  }

  return readers.map(engine);
})();
