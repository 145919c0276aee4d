# The live cartoonizer, for arm64 and amd64: docker buildx build --platform linux/arm64,linux/amd64 -t facetoon .
FROM python:3.13-slim-trixie AS build
WORKDIR /src
COPY . .
# PyAV's wheel bundles x264 and x265, which are under the GPL: who passes this image on passes on GPL software.
RUN python -m venv /opt/facetoon && /opt/facetoon/bin/pip install --no-cache-dir --require-hashes -r requirements/device.txt
RUN /opt/facetoon/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim-trixie
# Cameras belong to the group video; the name is Debian's own.
RUN useradd --system --no-create-home --groups video facetoon
COPY --from=build /opt/facetoon /opt/facetoon
USER facetoon
ENV PATH=/opt/facetoon/bin:$PATH PYTHONUNBUFFERED=1
EXPOSE 8000
# Inside, 0.0.0.0 is the container's own network; a token is made and printed unless FACETOON_TOKEN names one.
HEALTHCHECK --interval=30s --start-period=60s CMD ["python", "-c", \
  "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=5)"]
ENTRYPOINT ["toon-live", "--host", "0.0.0.0"]
