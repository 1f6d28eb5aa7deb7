#!/usr/bin/env bash
# The four steps of "Deploy GPT-OSS models with Amazon Bedrock Custom Model Import", command for command as AWS published them
# (https://aws.amazon.com/blogs/machine-learning/deploy-gpt-oss-models-with-amazon-bedrock-custom-model-import), against a
# running `outcrop serve`: upload, import, invoke, clean up.
set -euo pipefail

usage() {
    cat <<'END'
Usage: Examples/bedrock-walkthrough.sh [MODEL-FOLDER]

Takes a checkpoint (default: the bundled demo model) through upload, import and invocation with the AWS CLI, then deletes
everything again. Start a server first:

  .build/release/outcrop serve &
  export AWS_ENDPOINT_URL=http://127.0.0.1:8080

  AWS_ENDPOINT_URL  where the server is (default: http://127.0.0.1:8080)
  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY
                    a key made by `outcrop keys create`; any words will do while the server has no keys
  AWS_CA_BUNDLE     the server's certificate, if it speaks HTTPS
  BUCKET            the bucket to make (default: amzn-s3-demo-bucket)
  MODEL_NAME        what to call the model (default: gpt-oss-20b)
  ROLE_NAME         the role of the import job (default: YOUR-ROLE-NAME)
  KEEP=1            keep model, objects and bucket
END
}

case "${1:-}" in
-h | --help)
    usage
    exit 0
    ;;
esac

export AWS_ENDPOINT_URL="${AWS_ENDPOINT_URL:-http://127.0.0.1:8080}"
export AWS_DEFAULT_REGION="${AWS_DEFAULT_REGION:-us-east-1}"
export AWS_ACCESS_KEY_ID="${AWS_ACCESS_KEY_ID:-any}" AWS_SECRET_ACCESS_KEY="${AWS_SECRET_ACCESS_KEY:-any}"
export AWS_PAGER=''
model_folder="${1:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/Demo/model}"
bucket="${BUCKET:-amzn-s3-demo-bucket}"
model_name="${MODEL_NAME:-gpt-oss-20b}"
role_name="${ROLE_NAME:-YOUR-ROLE-NAME}"

die() {
    printf 'bedrock-walkthrough: %s\n' "$1" >&2
    exit 1
}
step() { printf '\n== %s\n' "$1"; }

command -v aws >/dev/null || die 'the AWS CLI is missing: https://aws.amazon.com/cli, or pip install awscli'
[[ -f "$model_folder/config.json" ]] || die "$model_folder holds no checkpoint: give the folder with config.json"

# Version 2 takes --body as base64 unless told otherwise; version 1 takes it as it is and does not know the option.
raw_body=()
if [[ "$(aws --version 2>&1)" == aws-cli/2* ]]; then raw_body=(--cli-binary-format raw-in-base64-out); fi
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

account="$(aws sts get-caller-identity --query Account --output text)"

step 'Upload model files to Amazon S3'
aws s3 mb "s3://$bucket"
aws s3 sync "$model_folder/" "s3://$bucket/med-gpt-oss-20b/"
aws s3 ls "s3://$bucket/med-gpt-oss-20b/" --human-readable

step 'Import model using Amazon Bedrock Custom Model Import'
job="$(aws bedrock create-model-import-job \
    --job-name "gpt-oss-20b-import-$(date +%Y%m%d-%H%M%S)" \
    --imported-model-name "$model_name" \
    --role-arn "arn:aws:iam::$account:role/$role_name" \
    --model-data-source "s3DataSource={s3Uri=s3://$bucket/med-gpt-oss-20b/}" \
    --query jobArn --output text)"
echo "$job"
while true; do
    status="$(aws bedrock get-model-import-job --job-identifier "$job" --query status --output text)"
    echo "$status"
    [[ "$status" == InProgress ]] || break
    sleep 1
done
if [[ "$status" != Completed ]]; then
    die "$(aws bedrock get-model-import-job --job-identifier "$job" --query failureMessage --output text)"
fi
model="$(aws bedrock get-model-import-job --job-identifier "$job" --query importedModelArn --output text)"
echo "$model"

step 'Invoke model with OpenAI-compatible API'
cat >test-request.json <<'END'
{
  "messages": [
    {
      "role": "system",
      "content": "You are a helpful AI assistant."
    },
    {
      "role": "user",
      "content": "What are the common symptoms of Type 2 Diabetes?"
    }
  ],
  "max_tokens": 500,
  "temperature": 0.7
}
END
aws bedrock-runtime invoke-model \
    --model-id "$model" \
    --body file://test-request.json \
    "${raw_body[@]}" \
    response.json
if command -v jq >/dev/null; then jq '.' response.json; else cat response.json; fi
echo

if [[ -n "${KEEP:-}" ]]; then
    echo "kept: $model and s3://$bucket/med-gpt-oss-20b/"
    exit 0
fi

step 'Clean up'
aws bedrock delete-imported-model --model-identifier "$model"
aws s3 rm "s3://$bucket/med-gpt-oss-20b/" --recursive
aws s3 rb "s3://$bucket"
