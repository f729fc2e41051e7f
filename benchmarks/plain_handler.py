"""The service as tutorials on Flask and Keras write it: what `serving.py` times ours against.

The port to listen at is the one argument. Waitress runs it with as many threads as ours has, where
the tutorials leave Flask's development server in place, so that only what handles a request differs.
"""

import os
import sys
from pathlib import Path

import numpy as np
import waitress
from flask import Flask, jsonify, request
from PIL import Image
from tensorflow import keras

app = Flask(__name__)
model = keras.models.load_model(Path(__file__).parents[1] / "results" / "cnn.keras")


@app.route("/api/predict", methods=["POST"])
def predict():
    image = Image.open(request.files["image"].stream).convert("L").resize((28, 28))
    pixels = np.array(image).reshape(1, 28, 28) / 255.0
    probabilities = model.predict(pixels)[0]
    return jsonify(
        {"label": str(probabilities.argmax()), "probabilities": [float(p) for p in probabilities]}
    )


if __name__ == "__main__":
    print("ready", flush=True)
    waitress.serve(app, host="127.0.0.1", port=int(sys.argv[1]), threads=max(2, os.cpu_count()))
