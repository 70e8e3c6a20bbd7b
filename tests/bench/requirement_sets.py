"""The requirement sets of `run.py resolve` and `run.py install`: what real projects ask for."""

from __future__ import annotations

_WEB = """
django djangorestframework django-filter django-cors-headers django-redis django-storages
drf-spectacular celery redis psycopg gunicorn uvicorn whitenoise sentry-sdk boto3 requests
httpx pydantic pydantic-settings fastapi starlette sqlalchemy alembic asyncpg jinja2
markdown bleach pillow python-dateutil pytz arrow pyjwt cryptography passlib argon2-cffi
python-multipart email-validator orjson ujson msgpack structlog python-json-logger
prometheus-client opentelemetry-api opentelemetry-sdk opentelemetry-exporter-otlp flask
flask-sqlalchemy flask-login flask-wtf werkzeug click rich typer tenacity cachetools aiohttp
aiofiles websockets channels daphne stripe twilio sendgrid phonenumbers babel pandas numpy
openpyxl reportlab lxml beautifulsoup4 pytest pytest-django factory-boy faker black mypy
"""

SETS: dict[str, list[str]] = {
    "jupyterlab": ["jupyterlab"],
    "transformers": ["transformers", "datasets", "accelerate"],
    "airflow": ["apache-airflow[celery,postgres,redis,amazon,google,cncf.kubernetes]"],
    "web": _WEB.split(),
}

#: What NVIDIA's PyTorch images and images made from them have on top of Python; its closure, cut
#: to 300 pins, stands for such a base.
_BASE = """
absl-py aiohttp argon2-cffi astunparse audioread beautifulsoup4 black bleach cython cmake
contourpy cuda-python cupy-cuda12x dask[complete] distributed einops execnet expecttest
fastapi flake8 fsspec gdown grpcio hypothesis imageio ipykernel ipython jupyterlab jupytext
librosa lightning-utilities lintrunner llvmlite markdown matplotlib mistune mypy mock
nbconvert networkx ninja nltk notebook numba numpy nvidia-ml-py nvtx onnx onnxruntime
opencv-python-headless optree pandas parameterized pillow pooch prettytable protobuf psutil
pyarrow pybind11 pycocotools pydantic pynvml pytest pytest-benchmark pytest-rerunfailures
pytest-shard pytest-xdist pyyaml ray regex requests rich scikit-image scikit-learn scipy
seaborn sentry-sdk soundfile soxr spacy sympy tabulate tensorboard thinc tokenizers toolz
torch torchvision torchaudio tqdm transformers typer uvicorn xgboost xdoctest zict
statsmodels plotly polars bokeh panel holoviews mlflow optuna tensorboardx torchmetrics
pytorch-lightning timm sentence-transformers faiss-cpu umap-learn hydra-core omegaconf
jsonargparse gradio streamlit
"""
BASE = _BASE.split()

#: What `run.py install` installs: pure and native packages, many small files and a few large ones.
TO_INSTALL = ["jupyterlab", "pandas", "scikit-learn", "matplotlib", "fastapi", "uvicorn"]

#: Asked for on top of those pins.
ON_BASE = ["accelerate", "datasets", "diffusers", "evaluate", "langchain"]
ON_BASE += ["peft", "rouge-score", "sentencepiece", "trl", "wandb"]
