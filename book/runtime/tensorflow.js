// @ts-check
/* What book/static/network.js calls of TensorFlow.js, bundled into one script when the book is built:
 * each operation for WebAssembly with SIMD, and for plain JavaScript where that cannot start. */
import { env, registerKernel, setBackend } from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu/dist/base";
import { _fusedMatMulConfig as cpuMatMul } from "@tensorflow/tfjs-backend-cpu/dist/kernels/_FusedMatMul";
import { fusedConv2DConfig as cpuConv2d } from "@tensorflow/tfjs-backend-cpu/dist/kernels/FusedConv2D";
import { identityConfig as cpuIdentity } from "@tensorflow/tfjs-backend-cpu/dist/kernels/Identity";
import { maxPoolConfig as cpuMaxPool } from "@tensorflow/tfjs-backend-cpu/dist/kernels/MaxPool";
import { meanConfig as cpuMean } from "@tensorflow/tfjs-backend-cpu/dist/kernels/Mean";
import { reshapeConfig as cpuReshape } from "@tensorflow/tfjs-backend-cpu/dist/kernels/Reshape";
import { softmaxConfig as cpuSoftmax } from "@tensorflow/tfjs-backend-cpu/dist/kernels/Softmax";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm/dist/base";
import { _fusedMatMulConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/_FusedMatMul";
import { fusedConv2DConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/FusedConv2D";
import { identityConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Identity";
import { maxPoolConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/MaxPool";
import { meanConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Mean";
import { reshapeConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Reshape";
import { softmaxConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Softmax";
import { transposeConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Transpose"; // for means

export { fused, maxPool, mean, reshape, softmax, tensor, tidy } from "@tensorflow/tfjs-core";

const KERNELS = [
  _fusedMatMulConfig, fusedConv2DConfig, identityConfig, maxPoolConfig, meanConfig, reshapeConfig,
  softmaxConfig, transposeConfig,
  cpuMatMul, cpuConv2d, cpuIdentity, cpuMaxPool, cpuMean, cpuReshape, cpuSoftmax,
];
KERNELS.forEach(registerKernel);

/**
 * Start WebAssembly from the address of its binary, else plain JavaScript; resolves to the one's name.
 *
 * @param {string} wasm
 */
export async function start(wasm) {
  env().set("WASM_HAS_MULTITHREAD_SUPPORT", false); // threads would need a script made from a string
  if (await env().getAsync("WASM_HAS_SIMD_SUPPORT")) {
    const files = ["-simd", "-threaded-simd", ""].map((kind) => [`tfjs-backend-wasm${kind}.wasm`, wasm]);
    setWasmPaths(Object.fromEntries(files));
    if (await setBackend("wasm")) return "wasm";
  }
  await setBackend("cpu");
  return "cpu";
}
