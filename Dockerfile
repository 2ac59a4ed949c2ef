# One image for the API, the worker and the command line. Nothing secret is inside.
FROM python:3.12-slim-bookworm AS build
WORKDIR /src
COPY requirements.txt ./
RUN python -m venv /opt/motcua \
 && /opt/motcua/bin/pip install --no-cache-dir --require-hashes -r requirements.txt

FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/motcua motcua
COPY --from=build /opt/motcua /opt/motcua
WORKDIR /srv/motcua
COPY app app
COPY jobs jobs
COPY partners partners
COPY notifications notifications
COPY bench bench
ENV PATH=/opt/motcua/bin:$PATH PYTHONPATH=/srv/motcua PYTHONUNBUFFERED=1 \
    MOTCUA_DATA_DIR=/var/lib/motcua MOTCUA_HOST=0.0.0.0
USER motcua
VOLUME /var/lib/motcua
EXPOSE 8000
ENTRYPOINT ["python", "-m", "app.cli"]
CMD ["serve"]
