"""AWS' own clients and command line, pointed at a server of ours."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::123456789012:role/BedrockImportRole"
# The command line has an environment of its own, since each of its versions wants its own botocore.
AWS_CLI = os.environ.get("AWS_CLI") or str(Path(sys.prefix) / "aws-cli" / "bin" / "aws")


class Account:
    """A server and a key to it."""

    def __init__(self, server, key=None):
        self.server = server
        self.url = server.url
        self.certificate = server.certificate
        self.key = key or {}
        # A server without keys takes any.
        self.access_key = self.key.get("access_key_id", "AKIAUNUSEDUNUSEDUNUS")
        self.secret = self.key.get("secret_access_key", "unused")
        self.bearer = self.key.get("bearer_key", "unused")

    def client(self, service, **options):
        """A client of boto3 that does not try again."""
        config = Config(**{
            "retries": {"total_max_attempts": 1}, "read_timeout": 120, "max_pool_connections": 50,
            **options.pop("config", {})})
        return boto3.client(
            service, endpoint_url=self.url, region_name="us-east-1", aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret, config=config, verify=self.certificate, **options)

    @property
    def environment(self):
        """What tells AWS' command line to use the server, and nothing of this machine's own settings."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment.update(
            AWS_ENDPOINT_URL=self.url, AWS_ACCESS_KEY_ID=self.access_key, AWS_SECRET_ACCESS_KEY=self.secret,
            AWS_DEFAULT_REGION="us-east-1", AWS_MAX_ATTEMPTS="1", AWS_EC2_METADATA_DISABLED="true", AWS_PAGER="",
            AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)
        environment["PATH"] = f"{Path(AWS_CLI).parent}:{environment.get('PATH', os.defpath)}"
        if self.certificate:
            environment["AWS_CA_BUNDLE"] = self.certificate
        return environment

    def cli(self, *arguments, status=0, environment=None, **options):
        """Runs `aws` and returns what it prints."""
        done = subprocess.run(
            [AWS_CLI, *map(str, arguments)], capture_output=True, timeout=300,
            env=self.environment | (environment or {}), **options)
        shown = f"aws {' '.join(map(str, arguments))}: {done.returncode}\n{done.stdout}\n{done.stderr.decode()}"
        if status is not None:
            assert done.returncode == status, shown
        return done

    def text(self, *arguments, **options):
        return self.cli(*arguments, **options).stdout.decode()

    def json(self, *arguments, **options):
        return json.loads(self.text(*arguments, "--output", "json", **options) or "{}")


def error_of(call, **arguments):
    """The code and status of the error that a call ends in."""
    with pytest.raises(ClientError) as error:
        call(**arguments)
    response = error.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def import_model(bedrock, uri, name, role=ROLE, job=None, **fields):
    """Asks for an import and returns the job's ARN."""
    return bedrock.create_model_import_job(
        jobName=job or name, importedModelName=name, roleArn=role,
        modelDataSource={"s3DataSource": {"s3Uri": uri}}, **fields)["jobArn"]


def ended(bedrock, job, timeout=60):
    """A job once it has ended."""
    deadline = time.monotonic() + timeout
    while (found := bedrock.get_model_import_job(jobIdentifier=job))["status"] == "InProgress":
        assert time.monotonic() < deadline, f"{job} does not end: {found}"
        time.sleep(0.05)
    assert found["endTime"] >= found["creationTime"]
    return found


def completed(bedrock, job, timeout=60):
    """A job's model's ARN, once the job has done its work."""
    found = ended(bedrock, job, timeout)
    assert found["status"] == "Completed", found
    return found["importedModelArn"]


def failure(bedrock, job, timeout=60):
    """Why a job failed, once it has."""
    found = ended(bedrock, job, timeout)
    assert found["status"] == "Failed" and "importedModelArn" not in found, found
    message = found["failureMessage"]
    assert len(message.encode()) <= 2048
    return message


def upload_folder(s3, folder, bucket, prefix):
    """Puts a folder's files below a prefix that ends in a slash; returns the URI."""
    folder = Path(folder)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            s3.put_object(Bucket=bucket, Key=prefix + path.relative_to(folder).as_posix(), Body=path.read_bytes())
    return f"s3://{bucket}/{prefix}"


def keys_of(s3, bucket, **arguments):
    """All keys of a bucket, over all pages."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, **arguments)
    return [found["Key"] for page in pages for found in page.get("Contents", [])]
