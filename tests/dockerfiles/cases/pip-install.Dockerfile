# what: pip install of a requirement file into a venv, with a compiled module and a cache mount
# is: builds
# says: 3.0.3 <b>
# bases: "python:3.11-slim-bookworm" = "python"
# frozen: "py"
FROM python:3.11-slim-bookworm
WORKDIR /app
COPY api/requirements.txt ./
RUN python3 -m venv /venv
ENV PATH=/venv/bin:$PATH
RUN --mount=type=cache,target=/root/.cache/pip pip install --upgrade pip && pip install -r requirements.txt
RUN python -c "import markupsafe._speedups"
CMD ["python", "-c", "from importlib.metadata import version; import markupsafe; print(version('flask'), markupsafe.Markup('<b>'))"]
