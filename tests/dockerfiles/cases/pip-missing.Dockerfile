# what: pip install of a package that is not frozen
# is: fails: No matching distribution found for requests
# bases: "python:3.11-slim-bookworm" = "python"
# frozen: "py"
FROM python:3.11-slim-bookworm
ENV PIP_BREAK_SYSTEM_PACKAGES=1
RUN pip install flask==3.0.3
RUN pip install requests
CMD ["true"]
