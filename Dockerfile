FROM python:3.11-slim-bookworm

RUN apt-get update \
    && apt-get install -y --no-install-recommends chromium-headless-shell fonts-dejavu-core fonts-liberation \
        libpangoft2-1.0-0 libharfbuzz-subset0 tesseract-ocr-eng tini \
    && rm -rf /var/lib/apt/lists/*

# A home that can be written to: the browser keeps its profile there.
RUN useradd --create-home --uid 10001 app && mkdir /app && chown app:app /app
WORKDIR /app

COPY requirements.txt .
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt

COPY --chown=app:app . .
RUN python -m compileall -q oximetry ./*.py

USER app

# PROCESSES names what this container runs: "web", "worker", or nothing for both.
ENV HOME=/home/app \
    PATH=/usr/local/bin:/usr/bin:/bin \
    LANG=C.UTF-8 \
    PYTHONUNBUFFERED=1 \
    MALLOC_ARENA_MAX=2 \
    GUNICORN_CMD_ARGS="--worker-tmp-dir /dev/shm" \
    PORT=8050 \
    PROCESSES=""
EXPOSE 8050

HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["sh", "-c", "test \"$PROCESSES\" = worker || python -c \"import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/healthz', timeout=4)\""]

# The one start command; what it starts stands in the Procfile.
ENTRYPOINT ["tini", "--"]
CMD ["sh", "-c", "exec honcho -e /dev/null --no-prefix --no-colour start $PROCESSES"]
