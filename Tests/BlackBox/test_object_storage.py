"""The embedded object store with boto3, AWS' command line, and requests of every framing that clients send."""

import base64
import concurrent.futures
import datetime
import hashlib
import os
import re
import socket
import time

import pytest
import requests
from aws import error_of, keys_of
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from outcrop import wait_until
from signing import (
    CHECKSUMS, SIGNED_CHUNKS, SIGNED_CHUNKS_TRAILER, TRAILER, UNSIGNED, Answer, Signer, begin, connect,
    crc32, escape, now, presign_version_2, send, sha256, signed, unsigned_chunks)

MIB = 1 << 20
AWKWARD_KEYS = [
    "a b", "a+b", "a%2Fb", "a//b", "/a", "a/", "../../etc/passwd", ".", "..", "./a/../b", "~!*'()", "k=v&x?y#z;:@,$",
    "\u00fc/\u20ac/\U0001f600", "u\u0308", "\u00fc", "\\", "a\tb\nc", "<a>&\"", "x" * 1024, "\u00fc" * 512]


def md5(data):
    return hashlib.md5(data).hexdigest()


def digest_of(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@pytest.fixture
def wire(plain, unused):
    """A bucket at the server without TLS, for requests that are written by hand."""
    name = unused("wire")
    plain.client("s3").create_bucket(Bucket=name)
    return name


# Buckets


def test_a_bucket_is_made_found_and_removed(s3, unused):
    name = unused("life")
    assert s3.create_bucket(Bucket=name)["Location"] == f"/{name}"
    s3.create_bucket(Bucket=name)  # As in Amazon's oldest region, making it again is no error.
    s3.head_bucket(Bucket=name)
    assert s3.get_bucket_location(Bucket=name)["LocationConstraint"] is None
    found = {entry["Name"]: entry["CreationDate"] for entry in s3.list_buckets()["Buckets"]}
    assert abs((now() - found[name]).total_seconds()) < 60
    s3.put_object(Bucket=name, Key="k", Body=b"1")
    assert error_of(s3.delete_bucket, Bucket=name) == ("BucketNotEmpty", 409)
    s3.delete_object(Bucket=name, Key="k")
    s3.delete_bucket(Bucket=name)
    assert error_of(s3.head_bucket, Bucket=name) == ("404", 404)
    assert error_of(s3.delete_bucket, Bucket=name) == ("NoSuchBucket", 404)


@pytest.mark.parametrize("name", ["ab", "a" * 64, "Upper", "under_score", "-dash", "dash-", "dot..dot", "192.168.0.1"])
def test_wrong_bucket_names_are_refused(plain, name):
    answer = signed(plain, "PUT", "/" + name)
    assert answer.error == ("InvalidBucketName", 400)


def test_nothing_is_found_in_a_bucket_that_is_not_there(s3):
    for call, arguments in [
            (s3.list_objects_v2, {}), (s3.get_object, {"Key": "k"}), (s3.put_object, {"Key": "k", "Body": b"x"}),
            (s3.create_multipart_upload, {"Key": "k"}), (s3.delete_object, {"Key": "k"}),
            (s3.get_bucket_location, {})]:
        assert error_of(call, Bucket="nobodys-bucket", **arguments) == ("NoSuchBucket", 404)


def test_settings_that_no_bucket_has(s3, bucket):
    assert s3.get_bucket_versioning(Bucket=bucket).get("Status") is None
    assert s3.get_bucket_acl(Bucket=bucket)["Grants"][0]["Permission"] == "FULL_CONTROL"
    assert error_of(s3.get_bucket_policy, Bucket=bucket) == ("NoSuchBucketPolicy", 404)
    assert error_of(s3.get_bucket_tagging, Bucket=bucket) == ("NoSuchTagSet", 404)
    assert error_of(
        s3.put_bucket_versioning, Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}) == ("NotImplemented", 501)


# Objects


def test_an_object_comes_back_as_it_was_stored(s3, bucket):
    data = os.urandom(70_000)
    stored = s3.put_object(
        Bucket=bucket, Key="a/b", Body=data, ContentType="text/x-a", ContentEncoding="gzip", CacheControl="no-store",
        ContentDisposition="inline", Metadata={"one": "1", "two-2": "a  b"})
    assert stored["ETag"] == f'"{md5(data)}"'
    for found in (s3.head_object(Bucket=bucket, Key="a/b"), s3.get_object(Bucket=bucket, Key="a/b")):
        assert found["ContentLength"] == len(data) and found["ETag"] == stored["ETag"]
        assert (found["ContentType"], found["ContentEncoding"]) == ("text/x-a", "gzip")
        assert (found["CacheControl"], found["ContentDisposition"]) == ("no-store", "inline")
        assert found["Metadata"] == {"one": "1", "two-2": "a  b"} and found["AcceptRanges"] == "bytes"
        assert abs((now() - found["LastModified"]).total_seconds()) < 60
    assert found["Body"].read() == data
    s3.put_object(Bucket=bucket, Key="a/b", Body=b"")
    found = s3.get_object(Bucket=bucket, Key="a/b")
    assert (found["ContentLength"], found["Body"].read(), found["Metadata"]) == (0, b"", {})
    assert found["ContentType"] == "binary/octet-stream" and found["ETag"] == f'"{md5(b"")}"'


def test_what_is_not_there(s3, bucket):
    assert error_of(s3.get_object, Bucket=bucket, Key="no/such") == ("NoSuchKey", 404)
    assert error_of(s3.head_object, Bucket=bucket, Key="no/such") == ("404", 404)
    assert s3.delete_object(Bucket=bucket, Key="no/such")["ResponseMetadata"]["HTTPStatusCode"] == 204


@pytest.mark.parametrize("key", AWKWARD_KEYS, ids=range(len(AWKWARD_KEYS)))
def test_keys_are_bytes_that_mean_nothing(plain, unused, key):
    s3 = plain.client("s3")
    bucket = unused("keys")
    s3.create_bucket(Bucket=bucket)
    folders = set(plain.server.outcrop.data.parent.iterdir())
    # boto3 normalises some keys itself: what is sent is ours.
    path = f"/{bucket}/{escape(key, '-_.~/')}"
    assert signed(plain, "PUT", path, body=key.encode()).status == 200
    assert signed(plain, "GET", path).body == key.encode()
    assert keys_of(s3, bucket) == [key]
    copied = signed(plain, "PUT", f"/{bucket}/copy", headers={"x-amz-copy-source": escape(path[1:], "-_.~/%")})
    assert copied.status in (200, 404)
    assert s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key}]})["Deleted"] == [{"Key": key}]
    assert key not in keys_of(s3, bucket)
    assert set(plain.server.outcrop.data.parent.iterdir()) == folders


def test_keys_that_differ_in_bytes_are_different(s3, bucket):
    for key in ("\u00fc", "u\u0308", "a", "A", "a/"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert keys_of(s3, bucket) == ["A", "a", "a/", "u\u0308", "\u00fc"]
    for key in keys_of(s3, bucket):
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()


@pytest.mark.parametrize("key, error", [
    ("a%00b", ("InvalidURI", 400)), ("%FF", ("InvalidURI", 400)), ("a%C3", ("InvalidURI", 400)),
    ("x" * 1025, ("KeyTooLongError", 400)), ("%C3%BC" * 513, ("KeyTooLongError", 400))],
    ids=["NUL", "not UTF-8", "cut UTF-8", "1025 bytes", "1026 bytes"])
def test_impossible_keys_are_refused(plain, wire, key, error):
    for method in ("PUT", "GET", "DELETE"):
        assert signed(plain, method, f"/{wire}/{key}").error == error
    assert keys_of(plain.client("s3"), wire) == []


@pytest.mark.parametrize("range, part", [
    ("bytes=0-9", slice(0, 10)), ("bytes=990-", slice(990, 1000)), ("bytes=-7", slice(993, 1000)),
    ("bytes=100-99999", slice(100, 1000)), ("bytes=-5000", slice(0, 1000)), ("bytes=999-999", slice(999, 1000))])
def test_a_range(s3, bucket, range, part):
    data = os.urandom(1000)
    s3.put_object(Bucket=bucket, Key="k", Body=data)
    found = s3.get_object(Bucket=bucket, Key="k", Range=range, ChecksumMode="ENABLED")
    assert found["Body"].read() == data[part] and found["ContentLength"] == part.stop - part.start
    assert found["ContentRange"] == f"bytes {part.start}-{part.stop - 1}/1000"
    assert found["ResponseMetadata"]["HTTPStatusCode"] == 206
    # Clients would compare it with the part that they have.
    assert not any(name.startswith("x-amz-checksum") for name in found["ResponseMetadata"]["HTTPHeaders"])


def test_ranges_that_cannot_be(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    for range in ("bytes=10-", "bytes=100-200", "bytes=-0"):
        assert error_of(s3.get_object, Bucket=bucket, Key="k", Range=range) == ("InvalidRange", 416)
    for range in ("bytes=5-2", "lines=1-2", "bytes=a-b", "bytes="):
        assert s3.get_object(Bucket=bucket, Key="k", Range=range)["Body"].read() == b"0123456789"
    s3.put_object(Bucket=bucket, Key="empty", Body=b"")
    assert error_of(s3.get_object, Bucket=bucket, Key="empty", Range="bytes=0-") == ("InvalidRange", 416)


def test_conditions(s3, bucket):
    tag = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["ETag"]
    before, after = now() - datetime.timedelta(hours=1), now() + datetime.timedelta(hours=1)
    place = {"Bucket": bucket, "Key": "k"}
    for call, failed, unchanged in [
            (s3.get_object, "PreconditionFailed", "304"), (s3.head_object, "412", "304")]:
        call(**place, IfMatch=tag, IfNoneMatch='"other"')
        assert error_of(call, **place, IfMatch='"other"') == (failed, 412)
        assert error_of(call, **place, IfNoneMatch=tag) == (unchanged, 304)
        assert error_of(call, **place, IfModifiedSince=after) == (unchanged, 304)
        assert error_of(call, **place, IfUnmodifiedSince=before) == (failed, 412)
        call(**place, IfModifiedSince=before, IfUnmodifiedSince=after)
    assert error_of(s3.put_object, **place, Body=b"2", IfNoneMatch="*") == ("PreconditionFailed", 412)
    assert error_of(s3.put_object, **place, Body=b"2", IfMatch='"other"') == ("PreconditionFailed", 412)
    assert s3.get_object(**place)["Body"].read() == b"1"
    s3.put_object(**place, Body=b"2", IfMatch=tag)
    s3.put_object(Bucket=bucket, Key="new", Body=b"3", IfNoneMatch="*")


def test_an_object_is_replaced_whole_under_its_readers(s3, bucket):
    old, new = b"a" * (4 * MIB), b"b" * (4 * MIB)
    s3.put_object(Bucket=bucket, Key="k", Body=old)
    body = s3.get_object(Bucket=bucket, Key="k")["Body"]
    first = body.read(1000)
    s3.put_object(Bucket=bucket, Key="k", Body=new)
    assert first + body.read() == old
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == new


def test_writers_of_one_key_leave_one_whole_object(s3, bucket):
    bodies = [bytes([byte]) * 300_000 for byte in range(8)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda body: s3.put_object(Bucket=bucket, Key="k", Body=body), bodies))
    found = s3.get_object(Bucket=bucket, Key="k")
    assert (body := found["Body"].read()) in bodies and found["ETag"] == f'"{md5(body)}"'


def test_tags(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []
    s3.put_object(Bucket=bucket, Key="k", Body=b"1", Tagging="a=1&b=x%20y")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [
        {"Key": "a", "Value": "1"}, {"Key": "b", "Value": "x y"}]


# Listings


@pytest.fixture
def many(s3, bucket):
    """Keys in the order of their bytes."""
    keys = [f"l/{letter}/{number}" for letter in "abc" for number in range(5)]
    keys += ["l/top", "l/\u00fc+ %25&=?#/k", "l/z\u20ac", "l/z\U0001f600", "other"]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: s3.put_object(Bucket=bucket, Key=key, Body=key.encode()), keys))
    return sorted(keys, key=str.encode)


def test_pages_of_a_listing(s3, bucket, many):
    wanted = [key for key in many if key.startswith("l/")]
    for name in ("list_objects_v2", "list_objects"):
        pages = list(s3.get_paginator(name).paginate(
            Bucket=bucket, Prefix="l/", PaginationConfig={"PageSize": 4}))
        assert [found["Key"] for page in pages for found in page["Contents"]] == wanted
        assert len(pages) == -(-len(wanted) // 4)
        assert all(found["Size"] == len(found["Key"].encode()) for page in pages for found in page["Contents"])
    assert keys_of(s3, bucket, StartAfter="l/b/4") == [key for key in many if key.encode() > b"l/b/4"]
    empty = s3.list_objects_v2(Bucket=bucket, Prefix="nothing")
    assert empty["KeyCount"] == 0 and "Contents" not in empty and not empty["IsTruncated"]


def test_folders_of_a_listing(s3, bucket, many):
    prefixes, keys = [], []
    for page in s3.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Prefix="l/", Delimiter="/", PaginationConfig={"PageSize": 2}):
        prefixes += [found["Prefix"] for found in page.get("CommonPrefixes", [])]
        keys += [found["Key"] for found in page.get("Contents", [])]
        assert page["KeyCount"] == len(page.get("CommonPrefixes", [])) + len(page.get("Contents", [])) <= 2
    assert prefixes == ["l/a/", "l/b/", "l/c/", "l/\u00fc+ %25&=?#/"]
    assert keys == ["l/top", "l/z\u20ac", "l/z\U0001f600"]


def test_paging_is_stable_while_objects_come_and_go(s3, bucket, many):
    first = s3.list_objects_v2(Bucket=bucket, MaxKeys=5)
    s3.put_object(Bucket=bucket, Key="a-new-first", Body=b"")
    s3.delete_object(Bucket=bucket, Key=first["Contents"][-1]["Key"])
    rest = keys_of(s3, bucket, StartAfter=first["Contents"][-1]["Key"])
    second = s3.list_objects_v2(Bucket=bucket, ContinuationToken=first["NextContinuationToken"])
    assert [found["Key"] for found in second["Contents"]] == rest == many[5:]


def test_a_listing_on_the_wire(plain, wire):
    plain.client("s3").put_object(Bucket=wire, Key="p/\u00fc+ &<", Body=b"x")
    query = [("list-type", "2"), ("prefix", "p/"), ("encoding-type", "url"), ("max-keys", "3")]
    text = signed(plain, "GET", f"/{wire}", query).body.decode()
    assert 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"' in text
    for element in (
            f"<Name>{wire}</Name>", "<KeyCount>1</KeyCount>", "<MaxKeys>3</MaxKeys>",
            "<IsTruncated>false</IsTruncated>", "<EncodingType>url</EncodingType>", "<StorageClass>STANDARD</StorageClass>",
            "%C3%BC%2B", f"<ETag>&quot;{md5(b'x')}&quot;</ETag>"):
        assert element in text
    assert re.search(r"<LastModified>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z</LastModified>", text)
    for query in ([("list-type", "2"), ("continuation-token", "?")], [("max-keys", "-1")], [("max-keys", "x")],
                  [("encoding-type", "morse")]):
        assert signed(plain, "GET", f"/{wire}", query).error == ("InvalidArgument", 400)


# Multipart uploads


def complete(s3, place, tags):
    return s3.complete_multipart_upload(**place, MultipartUpload={
        "Parts": [{"PartNumber": number, "ETag": tag} for number, tag in sorted(tags.items())]})


@pytest.fixture
def upload(s3, bucket):
    """A multipart upload that has begun."""
    answer = s3.create_multipart_upload(
        Bucket=bucket, Key="big", Metadata={"a": "b"}, ContentType="text/x-a", ChecksumAlgorithm="CRC32")
    return {"Bucket": bucket, "Key": "big", "UploadId": answer["UploadId"]}


def test_parts_come_out_of_order_in_parallel_and_again(s3, upload):
    parts = {number: os.urandom(5 * MIB if number < 4 else 777) for number in range(1, 5)}

    def send_part(number):
        return number, s3.upload_part(**upload, PartNumber=number, Body=parts[number])["ETag"]

    s3.upload_part(**upload, PartNumber=2, Body=b"replaced below")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        tags = dict(pool.map(send_part, [4, 2, 3, 1]))
    listed = s3.list_parts(**upload, MaxParts=3)
    assert [(part["PartNumber"], part["Size"], part["ETag"]) for part in listed["Parts"]] == [
        (number, len(parts[number]), tags[number]) for number in (1, 2, 3)]
    assert listed["IsTruncated"] and listed["NextPartNumberMarker"] == 3
    assert error_of(s3.head_object, Bucket=upload["Bucket"], Key="big") == ("404", 404)
    whole = b"".join(parts[number] for number in sorted(parts))
    tag = md5(b"".join(bytes.fromhex(md5(parts[number])) for number in sorted(parts))) + "-4"
    assert complete(s3, upload, tags)["ETag"] == f'"{tag}"'
    found = s3.get_object(Bucket=upload["Bucket"], Key="big")
    assert found["Body"].read() == whole and found["ETag"] == f'"{tag}"'
    assert (found["Metadata"], found["ContentType"]) == ({"a": "b"}, "text/x-a")
    second = s3.get_object(Bucket=upload["Bucket"], Key="big", PartNumber=2)
    assert second["Body"].read() == parts[2] and second["PartsCount"] == 4
    # The client may not have heard that it is done, and ask again.
    assert complete(s3, upload, tags)["ETag"] == f'"{tag}"'
    assert error_of(s3.upload_part, **upload, PartNumber=5, Body=b"x") == ("NoSuchUpload", 404)


def test_not_all_parts_need_be_used(s3, upload):
    tags = {number: s3.upload_part(**upload, PartNumber=number, Body=b"%d" % number * 5 * MIB)["ETag"]
            for number in (1, 5, 9)}
    del tags[5]
    complete(s3, upload, tags)
    found = s3.get_object(Bucket=upload["Bucket"], Key="big")["Body"].read()
    assert found == b"1" * 5 * MIB + b"9" * 5 * MIB


def test_completions_that_are_wrong(s3, upload):
    tags = {number: s3.upload_part(**upload, PartNumber=number, Body=b"%d" % number)["ETag"] for number in (1, 2)}

    def finish(*parts):
        return error_of(s3.complete_multipart_upload, **upload, MultipartUpload={
            "Parts": [{"PartNumber": number, "ETag": tag} for number, tag in parts]})

    assert finish((2, tags[2]), (1, tags[1])) == ("InvalidPartOrder", 400)
    assert finish((1, tags[1]), (1, tags[1])) == ("InvalidPartOrder", 400)
    assert finish((1, tags[1]), (3, tags[1])) == ("InvalidPart", 400)
    assert finish((1, tags[2])) == ("InvalidPart", 400)
    assert finish((1, tags[1]), (2, tags[2])) == ("EntityTooSmall", 400)
    assert finish() == ("MalformedXML", 400)
    for number in (0, 10_001):
        assert error_of(s3.upload_part, **upload, PartNumber=number, Body=b"x") == ("InvalidArgument", 400)
    # After all that the upload is as good as before.
    complete(s3, upload, {1: tags[1]})


def test_an_upload_is_listed_and_aborted(s3, upload, account):
    before = len(account.server.outcrop.files("objects/files"))
    s3.upload_part(**upload, PartNumber=1, Body=b"x" * 1000)
    assert len(account.server.outcrop.files("objects/files")) == before + 1
    (found,) = s3.list_multipart_uploads(Bucket=upload["Bucket"])["Uploads"]
    assert (found["Key"], found["UploadId"]) == ("big", upload["UploadId"])
    s3.abort_multipart_upload(**upload)
    assert not s3.list_multipart_uploads(Bucket=upload["Bucket"]).get("Uploads")
    assert len(account.server.outcrop.files("objects/files")) == before
    for call, arguments in [
            (s3.upload_part, {"PartNumber": 1, "Body": b"x"}), (s3.list_parts, {}), (s3.abort_multipart_upload, {}),
            (s3.complete_multipart_upload, {"MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": '"x"'}]}})]:
        assert error_of(call, **upload, **arguments) == ("NoSuchUpload", 404)


def test_an_upload_belongs_to_its_key(s3, upload):
    other = upload | {"Key": "other"}
    assert error_of(s3.upload_part, **other, PartNumber=1, Body=b"x") == ("NoSuchUpload", 404)


# Copies and deletions


def test_copies(s3, bucket):
    data = os.urandom(50_000)
    key = "from/\u00fc+ %25&?#"
    tag = s3.put_object(Bucket=bucket, Key=key, Body=data, Metadata={"a": "b"}, ContentType="text/x-a")["ETag"]
    source = {"Bucket": bucket, "Key": key}
    assert s3.copy_object(Bucket=bucket, Key="to", CopySource=source)["CopyObjectResult"]["ETag"] == tag
    found = s3.get_object(Bucket=bucket, Key="to")
    assert (found["Body"].read(), found["Metadata"], found["ContentType"]) == (data, {"a": "b"}, "text/x-a")
    s3.copy_object(Bucket=bucket, Key="to", CopySource=source, MetadataDirective="REPLACE", Metadata={"c": "d"})
    assert s3.head_object(Bucket=bucket, Key="to")["Metadata"] == {"c": "d"}
    s3.delete_object(Bucket=bucket, Key=key)
    assert s3.get_object(Bucket=bucket, Key="to")["Body"].read() == data
    # An object may be copied onto itself to change what is said of it, and for nothing else.
    itself = {"Bucket": bucket, "Key": "to", "CopySource": {"Bucket": bucket, "Key": "to"}}
    s3.copy_object(**itself, MetadataDirective="REPLACE", Metadata={"e": "f"})
    assert s3.get_object(Bucket=bucket, Key="to")["Body"].read() == data
    assert error_of(s3.copy_object, **itself) == ("InvalidRequest", 400)
    assert error_of(s3.copy_object, Bucket=bucket, Key="x", CopySource=source) == ("NoSuchKey", 404)
    assert error_of(
        s3.copy_object, Bucket=bucket, Key="x", CopySource={"Bucket": "nobodys-bucket", "Key": "k"}) == ("NoSuchBucket", 404)
    assert error_of(
        s3.copy_object, Bucket=bucket, Key="x", CopySource={"Bucket": bucket, "Key": "to"},
        CopySourceIfMatch='"other"') == ("PreconditionFailed", 412)


def test_parts_are_copied(s3, upload):
    data = os.urandom(6 * MIB)
    tag = s3.put_object(Bucket=upload["Bucket"], Key="source", Body=data)["ETag"]
    source = {"Bucket": upload["Bucket"], "Key": "source"}
    ranges = {1: (0, 5 * MIB - 1), 2: (5 * MIB, 6 * MIB - 1)}
    tags = {}
    for number, (first, last) in ranges.items():
        answer = s3.upload_part_copy(
            **upload, PartNumber=number, CopySource=source, CopySourceRange=f"bytes={first}-{last}",
            CopySourceIfMatch=tag)
        tags[number] = answer["CopyPartResult"]["ETag"]
        assert tags[number] == f'"{md5(data[first:last + 1])}"'
    assert error_of(
        s3.upload_part_copy, **upload, PartNumber=3, CopySource=source,
        CopySourceRange=f"bytes=0-{6 * MIB}") == ("InvalidArgument", 400)
    complete(s3, upload, tags)
    assert s3.get_object(Bucket=upload["Bucket"], Key="big")["Body"].read() == data


def test_many_are_deleted_at_once(s3, bucket):
    keys = ["a&<>\"'", "b/../c", " ", "\u00fc"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    objects = [{"Key": key} for key in [*keys, "was never there"]]
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects})
    assert answer["Deleted"] == objects and "Errors" not in answer
    assert keys_of(s3, bucket) == []
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    assert "Deleted" not in s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k"}], "Quiet": True})
    assert keys_of(s3, bucket) == []


def test_deletions_that_are_wrong(plain, wire):
    plain.client("s3").put_object(Bucket=wire, Key="k", Body=b"")
    good = b"<Delete><Object><Key>k</Key></Object></Delete>"
    many = b"<Delete>" + b"<Object><Key>k</Key></Object>" * 1001 + b"</Delete>"
    bomb = b'<!DOCTYPE d [<!ENTITY a "k">]><Delete><Object><Key>&a;</Key></Object></Delete>'
    for body in (b"", b"<Delete>", b"<Other/>", b"<Delete/>", many, bomb, b"\xff"):
        checksum = {"x-amz-checksum-crc32": crc32(body)}
        answer = signed(plain, "POST", f"/{wire}", [("delete", "")], checksum, body)
        assert answer.error == ("MalformedXML", 400)
    answer = signed(plain, "POST", f"/{wire}", [("delete", "")], {"x-amz-checksum-crc32": crc32(b"other")}, good)
    assert answer.error == ("BadDigest", 400)
    assert keys_of(plain.client("s3"), wire) == ["k"]


# Checksums


@pytest.mark.parametrize("algorithm", CHECKSUMS)
def test_a_checksum_is_verified_kept_and_returned(plain, wire, algorithm):
    data = b"hello\n"
    name, value = f"x-amz-checksum-{algorithm.lower()}", CHECKSUMS[algorithm](data)
    path = f"/{wire}/k"
    stored = signed(plain, "PUT", path, headers={name: value}, body=data)
    assert (stored.status, stored.headers[name]) == (200, value)
    found = signed(plain, "GET", path, headers={"x-amz-checksum-mode": "ENABLED"})
    assert (found.headers[name], found.headers["x-amz-checksum-type"]) == (value, "FULL_OBJECT")
    assert not any(header.startswith("x-amz-checksum") for header in signed(plain, "GET", path).headers)
    wrong = CHECKSUMS[algorithm](b"other")
    assert signed(plain, "PUT", f"/{wire}/bad", headers={name: wrong}, body=data).error == ("BadDigest", 400)
    for value in ("AAAA", "?", ""):
        answer = signed(plain, "PUT", f"/{wire}/bad", headers={name: value}, body=data)
        assert answer.error == ("InvalidRequest", 400)
    assert signed(plain, "GET", f"/{wire}/bad").error == ("NoSuchKey", 404)


def test_known_checksums():
    """What the tests compute themselves, against published values."""
    assert CHECKSUMS["CRC64NVME"](b"hello\n") == "akP7S61aVgc=" and CHECKSUMS["CRC32"](b"hello\n") == "NjowIA=="
    assert CHECKSUMS["CRC32C"](b"123456789") == "4waSgw=="
    assert CHECKSUMS["SHA256"](b"hello\n") == "WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM="


@pytest.mark.parametrize("algorithm, kind", [
    ("CRC32", "COMPOSITE"), ("CRC32", "FULL_OBJECT"), ("CRC32C", "FULL_OBJECT"), ("CRC64NVME", "FULL_OBJECT"),
    ("SHA1", "COMPOSITE"), ("SHA256", "COMPOSITE")])
def test_the_checksum_of_an_object_of_parts(plain, wire, algorithm, kind):
    parts = [b"a" * 5 * MIB, b"b" * 1000]
    name = f"x-amz-checksum-{algorithm.lower()}"
    values = [CHECKSUMS[algorithm](part) for part in parts]
    answer = signed(plain, "POST", f"/{wire}/k", [("uploads", "")], {
        "x-amz-checksum-algorithm": algorithm, "x-amz-checksum-type": kind})
    upload = re.search(rb"<UploadId>(.*)</UploadId>", answer.body)[1].decode()
    tags = []
    for number, (part, value) in enumerate(zip(parts, values), 1):
        query = [("uploadId", upload), ("partNumber", str(number))]
        stored = signed(plain, "PUT", f"/{wire}/k", query, {name: value}, part)
        assert (stored.status, stored.headers[name]) == (200, value)
        tags.append(stored.headers["etag"])
    if kind == "COMPOSITE":
        together = CHECKSUMS[algorithm](b"".join(base64.b64decode(value) for value in values)) + "-2"
    else:
        together = CHECKSUMS[algorithm](b"".join(parts))

    def body(values):
        return "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag><Checksum{algorithm}>{value}</Checksum{algorithm}></Part>"
            for number, (tag, value) in enumerate(zip(tags, values), 1))

    def finish(values):
        document = f"<CompleteMultipartUpload>{body(values)}</CompleteMultipartUpload>".encode()
        return signed(plain, "POST", f"/{wire}/k", [("uploadId", upload)], body=document)

    assert finish(values[::-1]).error == ("InvalidPart", 400)
    done = finish(values)
    assert done.status == 200 and f"<Checksum{algorithm}>{together}</Checksum{algorithm}>".encode() in done.body
    found = signed(plain, "HEAD", f"/{wire}/k", headers={"x-amz-checksum-mode": "ENABLED"})
    assert (found.headers[name], found.headers["x-amz-checksum-type"]) == (together, kind)



# Framings of the body


def streaming(data, payload, **headers):
    """The header of a body in chunks."""
    return {"content-encoding": "aws-chunked", "x-amz-decoded-content-length": str(len(data)), **headers}


@pytest.mark.parametrize("algorithm", CHECKSUMS)
@pytest.mark.parametrize("layers", [1, 2])
def test_chunks_with_a_checksum_behind_them(plain, wire, algorithm, layers):
    data = os.urandom(70_000)
    name = f"x-amz-checksum-{algorithm.lower()}"
    headers = streaming(data, TRAILER, **{"x-amz-trailer": name, "content-encoding": "gzip,aws-chunked"})

    def put(value, name=name):
        body = unsigned_chunks([data[:65_536], data[65_536:]], [(name, value)])
        target, sent = Signer(plain).request("PUT", f"/{wire}/k", headers=headers, payload_hash=TRAILER)
        if layers == 2:
            sent["transfer-encoding"] = "chunked"
            # Cut elsewhere than the inner chunks.
            body = unsigned_chunks([body[:100], body[100:66_000], body[66_000:]])
        return send(plain, "PUT", target, sent, body)

    assert put(CHECKSUMS[algorithm](b"other")).error == ("BadDigest", 400)
    assert put("", name="x-amz-meta-other").error == ("MalformedTrailerError", 400)
    assert signed(plain, "GET", f"/{wire}/k").error == ("NoSuchKey", 404)
    stored = put(CHECKSUMS[algorithm](data))
    assert (stored.status, stored.headers[name]) == (200, CHECKSUMS[algorithm](data))
    found = signed(plain, "GET", f"/{wire}/k")
    assert found.body == data and found.headers["content-encoding"] == "gzip"


@pytest.mark.parametrize("has_trailer", [False, True])
def test_signed_chunks(plain, wire, has_trailer):
    data = os.urandom(200_000)
    pieces = [data[:65_536], data[65_536:131_072], data[131_072:]]
    payload = SIGNED_CHUNKS_TRAILER if has_trailer else SIGNED_CHUNKS
    trailer = ("x-amz-checksum-crc32c", CHECKSUMS["CRC32C"](data)) if has_trailer else None
    headers = streaming(data, payload, **({"x-amz-trailer": trailer[0]} if has_trailer else {}))

    def put(tamper=None, change=lambda body: body):
        signer = Signer(plain)
        target, sent = signer.request("PUT", f"/{wire}/k", headers=headers, payload_hash=payload)
        return send(plain, "PUT", target, sent, change(signer.chunks(pieces, trailer, tamper)))

    for tamper in (0, 1, 3, *(["trailer"] if has_trailer else [])):
        assert put(tamper).error == ("SignatureDoesNotMatch", 403)

    def flip(body):
        return body[:1000] + bytes([body[1000] ^ 1]) + body[1001:]

    assert put(change=flip).error == ("SignatureDoesNotMatch", 403)
    assert signed(plain, "GET", f"/{wire}/k").error == ("NoSuchKey", 404)
    assert put().status == 200
    found = signed(plain, "GET", f"/{wire}/k")
    assert found.body == data and "content-encoding" not in found.headers


@pytest.mark.parametrize("body, error", [
    (unsigned_chunks([b"abc"]), ("IncompleteBody", 400)),
    (unsigned_chunks([b"abcdef"]), ("IncompleteBody", 400)),
    (b"5\r\nabcde", ("IncompleteBody", 400)),
    (b"zz\r\nabcde\r\n0\r\n\r\n", ("InvalidRequest", 400)),
    (b"ffffffffffffffffff\r\nabcde\r\n0\r\n\r\n", ("InvalidRequest", 400)),
    (b"5\r\nabcdeXX0\r\n\r\n", ("InvalidRequest", 400))])
def test_broken_chunks(plain, wire, body, error):
    headers = streaming(b"abcde", TRAILER)
    answer = signed(plain, "PUT", f"/{wire}/k", headers=headers, body=body, payload_hash=TRAILER)
    assert answer.error == error
    assert signed(plain, "GET", f"/{wire}/k").error == ("NoSuchKey", 404)


def test_the_hash_of_the_body(plain, wire):
    path = f"/{wire}/k"
    assert signed(plain, "PUT", path, body=b"abc", payload_hash=sha256(b"other")).error == (
        "XAmzContentSHA256Mismatch", 400)
    assert signed(plain, "PUT", path, body=b"abc", payload_hash="nonsense").error == ("InvalidArgument", 400)
    assert signed(plain, "GET", path).error == ("NoSuchKey", 404)
    assert signed(plain, "PUT", path, body=b"abc", payload_hash=UNSIGNED).status == 200
    right = {"content-md5": base64.b64encode(hashlib.md5(b"abc").digest()).decode()}
    assert signed(plain, "PUT", path, headers=right, body=b"abc").status == 200
    assert signed(plain, "PUT", path, headers=right, body=b"abd").error == ("BadDigest", 400)
    assert signed(plain, "PUT", path, headers={"content-md5": "AAAA"}, body=b"abc").error == ("InvalidDigest", 400)


def test_a_body_without_a_length(plain, wire):
    target, headers = Signer(plain).request("PUT", f"/{wire}/k", payload_hash=UNSIGNED)
    headers["transfer-encoding"] = "chunked"
    answer = send(plain, "PUT", target, headers, unsigned_chunks([b"abc"]))
    assert answer.error == ("MissingContentLength", 411)


# Expect: 100-continue


def expect(account, target, headers, length=100_000):
    """Announces a body and returns what the server says before it is sent: its status line, and how long that took."""
    connection = connect(account)
    start = time.monotonic()
    begin(connection, "PUT", target, {**headers, "expect": "100-continue"}, length)
    line = connection.sock.recv(65_536)
    return connection, line, time.monotonic() - start


def test_a_body_is_asked_for_at_once(plain, wire):
    data = os.urandom(100_000)
    target, headers = Signer(plain).request("PUT", f"/{wire}/k", payload_hash=sha256(data))
    connection, line, seconds = expect(plain, target, headers)
    assert line.startswith(b"HTTP/1.1 100 ") and seconds < 0.5
    connection.sock.sendall(data)
    assert connection.sock.recv(65_536).startswith(b"HTTP/1.1 200 ")
    assert signed(plain, "GET", f"/{wire}/k").body == data


def test_clients_that_expect_do_not_wait(s3, bucket):
    start = time.monotonic()
    for number in range(10):
        s3.put_object(Bucket=bucket, Key=f"{number}", Body=b"" if number % 2 else b"x")
    # botocore sends the body after a second without an answer.
    assert time.monotonic() - start < 3


def test_a_body_is_refused_before_it_is_sent(plain, wire):
    signer = Signer(plain)
    cases = [
        (signer.request("PUT", "/nobodys-bucket/k", payload_hash=UNSIGNED), 404),
        (signer.request("PUT", f"/{wire}/{'x' * 1025}", payload_hash=UNSIGNED), 400),
        (Signer(plain, secret="wrong").request("PUT", f"/{wire}/k", payload_hash=UNSIGNED), 403),
        ((f"/{wire}/k", {}), 403)]
    for (target, headers), status in cases:
        connection, line, seconds = expect(plain, target, headers)
        assert line.startswith(b"HTTP/1.1 %d " % status) and seconds < 1
        # The body never comes: what follows on the connection would be taken for it.
        assert b"\r\nconnection: close\r\n" in line.lower()
        connection.close()


# Presigned addresses


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_presigned_addresses(account, bucket, version):
    s3 = account.client("s3", config={"signature_version": version})
    assert ("X-Amz-Signature" in s3.generate_presigned_url("list_buckets")) == (version == "s3v4")
    place = {"Bucket": bucket, "Key": "p/\u00fc +&k"}

    def address(call, seconds=60, **arguments):
        return s3.generate_presigned_url(call, Params={**place, **arguments}, ExpiresIn=seconds)

    def ask(method, url, **options):
        return requests.request(method, url, verify=account.certificate, timeout=30, **options)

    assert ask("PUT", address("put_object"), data=b"presigned").status_code == 200
    found = ask("GET", address("get_object", ResponseContentType="text/x-other"))
    assert (found.content, found.headers["content-type"]) == (b"presigned", "text/x-other")
    assert ask("HEAD", address("head_object")).headers["content-length"] == "9"
    assert ask("GET", address("get_object"), headers={"range": "bytes=0-2"}).content == b"pre"
    # For another method, another key, a second longer, or a moment too late.
    assert ask("DELETE", address("get_object")).status_code == 403
    assert ask("GET", address("get_object").replace("/p/", "/q/")).status_code == 403
    changed = re.sub(r"(X-Amz-Expires|Expires)=(\d+)", lambda m: f"{m[1]}={int(m[2]) + 1}", address("get_object"))
    assert ask("GET", changed).status_code == 403
    assert ask("DELETE", address("delete_object")).status_code == 204


def test_presigned_addresses_expire(plain, wire):
    plain.client("s3").put_object(Bucket=wire, Key="k", Body=b"x")
    path = f"/{wire}/k"
    early = now() - datetime.timedelta(seconds=100)
    assert send(plain, "GET", Signer(plain, time=early).presign("GET", path, 1000)).body == b"x"
    late = send(plain, "GET", Signer(plain, time=early).presign("GET", path, 50))
    assert late.error == ("AccessDenied", 403) and b"expired" in late.body
    assert send(plain, "GET", presign_version_2(plain, "GET", path, int(time.time()) + 60)).body == b"x"
    late = send(plain, "GET", presign_version_2(plain, "GET", path, int(time.time()) - 1))
    assert late.error == ("AccessDenied", 403) and b"expired" in late.body


def test_presigned_addresses_that_are_malformed(plain, wire):
    path = f"/{wire}/k"
    for target in (
            Signer(plain).presign("GET", path, 604_801), Signer(plain).presign("GET", path, 0),
            Signer(plain).presign("GET", path, 60).replace("X-Amz-Date=", "X-Amz-Dat=")):
        assert send(plain, "GET", target).error == ("AuthorizationQueryParametersError", 400)


# Clients that go away


@pytest.mark.parametrize("part", [False, True])
def test_a_client_that_vanishes_leaves_nothing(plain, wire, part):
    s3 = plain.client("s3")
    outcrop = plain.server.outcrop
    query = []
    if part:
        upload = s3.create_multipart_upload(Bucket=wire, Key="k")["UploadId"]
        query = [("partNumber", "1"), ("uploadId", upload)]
    before = outcrop.files("objects/files")
    for sent in (0, 1, 300_000, 999_999):
        target, headers = Signer(plain).request("PUT", f"/{wire}/k", query, payload_hash=UNSIGNED)
        connection = connect(plain)
        begin(connection, "PUT", target, headers, 1_000_000)
        connection.send(b"x" * sent)
        if sent > 1:
            wait_until(lambda: outcrop.files("objects/incoming"), message="the server writes nothing")
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()
        wait_until(lambda: not outcrop.files("objects/incoming"), message="an unfinished file stays")
    assert outcrop.files("objects/files") == before
    assert error_of(s3.head_object, Bucket=wire, Key="k") == ("404", 404)
    if part:
        assert not s3.list_parts(Bucket=wire, Key="k", UploadId=upload).get("Parts")


def test_overwritten_and_deleted_objects_free_their_files(s3, bucket, account):
    outcrop = account.server.outcrop
    before = len(outcrop.files("objects/files"))
    for number in range(3):
        s3.put_object(Bucket=bucket, Key="k", Body=b"%d" % number)
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "k"})
    s3.delete_object(Bucket=bucket, Key="k")
    assert s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == b"2"
    s3.delete_object(Bucket=bucket, Key="copy")
    wait_until(lambda: len(outcrop.files("objects/files")) == before, message="files of deleted objects stay")


# Amounts


def test_memory_does_not_grow_with_the_objects(plain, wire, tmp_path):
    size = 1 << 30
    server = plain.server
    s3 = plain.client("s3")
    block = os.urandom(MIB)
    s3.put_object(Bucket=wire, Key="warm", Body=block)
    server.reset_peak()
    before = server.resident_bytes(peak=True)
    target, headers = Signer(plain).request("PUT", f"/{wire}/large", payload_hash=UNSIGNED)
    connection = connect(plain, timeout=120)
    begin(connection, "PUT", target, headers, size)
    for _ in range(size // MIB):
        connection.send(block)
    tag = Answer(connection.getresponse()).headers["etag"]
    uploaded = server.resident_bytes(peak=True)
    # A client that asks for all of it and reads slowly.
    reader = socket.create_connection(("127.0.0.1", server.port))
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    target, headers = Signer(plain).request("GET", f"/{wire}/large")
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    reader.sendall(f"GET {target} HTTP/1.1\r\n{lines}\r\n".encode())
    time.sleep(1)
    reader.close()
    # Parts in parallel.
    path = tmp_path / "file"
    with open(path, "wb") as file:
        for number in range(128):
            file.write(number.to_bytes(8, "big") + block[8:])
    config = TransferConfig(max_concurrency=10)
    s3.upload_file(str(path), wire, "parts", Config=config)
    s3.download_file(wire, "parts", str(tmp_path / "back"), Config=config)
    grown = server.resident_bytes(peak=True) - before
    assert digest_of(tmp_path / "back") == digest_of(path)
    assert s3.head_object(Bucket=wire, Key="large")["ContentLength"] == size and tag
    assert s3.get_object(Bucket=wire, Key="large", Range=f"bytes={size - MIB}-")["Body"].read() == block
    s3.delete_objects(Bucket=wire, Delete={"Objects": [{"Key": "large"}, {"Key": "parts"}]})
    assert uploaded - before < 64 * MIB and grown < 64 * MIB, f"grew by {grown / MIB:.0f} MiB"


# AWS' command line


@pytest.fixture
def tree(tmp_path):
    """A folder as somebody might sync it: odd names, an empty file, one that goes in parts."""
    folder = tmp_path / "tree"
    for name, size in {"a.txt": 6, "empty": 0, "sub/b.bin": 100_000, "sp ace/\u00fc+b&c'(1)!.txt": 10,
                       "big.bin": 20 * MIB + 5, "metal/model.bin": 9}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(size))
        # S3's times are whole seconds: a file of this very moment seems to be younger than its copy.
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return folder


def test_a_folder_goes_there_and_back(account, s3, bucket, tree, tmp_path):
    place = f"s3://{bucket}/p/"
    wanted = {path.relative_to(tree).as_posix(): path for path in tree.rglob("*") if path.is_file()}
    del wanted["metal/model.bin"]
    sync = ("s3", "sync", f"{tree}/", place, "--exclude", "metal/*", "--no-progress")
    assert account.text(*sync).count("upload:") == len(wanted)
    assert account.text(*sync) == ""
    assert keys_of(s3, bucket) == sorted((f"p/{name}" for name in wanted), key=str.encode)
    shown = account.text("s3", "ls", place, "--human-readable")
    assert re.search(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +20\.0 MiB big\.bin$", shown, re.M)
    assert re.search(r" +0 Bytes empty$", shown, re.M) and re.search(r"^ +PRE sp ace/$", shown, re.M)
    account.cli("s3", "sync", place, tmp_path / "back", "--no-progress")
    for name, path in wanted.items():
        assert digest_of(tmp_path / "back" / name) == digest_of(path)
    (tree / "a.txt").unlink()
    assert account.text(*sync, "--delete").count("delete:") == 1
    assert account.text("s3", "rm", place, "--recursive").count("delete:") == len(wanted) - 1
    account.cli("s3", "rb", f"s3://{bucket}")
    assert bucket not in account.text("s3", "ls")


def test_copying_moving_and_piping(account, s3, bucket, tree, unused):
    other = unused("made")
    account.cli("s3", "mb", f"s3://{other}")
    account.cli("s3", "cp", tree / "big.bin", f"s3://{bucket}/big")
    account.cli("s3", "cp", f"s3://{bucket}/big", f"s3://{other}/copy")
    account.cli("s3", "mv", f"s3://{other}/copy", f"s3://{other}/moved")
    assert keys_of(s3, other) == ["moved"]
    piped = account.cli("s3", "cp", f"s3://{other}/moved", "-").stdout
    assert piped == (tree / "big.bin").read_bytes()
    account.cli("s3", "cp", "-", f"s3://{other}/piped", input=piped[:1000])
    assert s3.get_object(Bucket=other, Key="piped")["Body"].read() == piped[:1000]
    url = account.text("s3", "presign", f"s3://{other}/piped").strip()
    assert requests.get(url, verify=account.certificate, timeout=30).content == piped[:1000]
    account.cli("s3", "rb", f"s3://{other}", "--force")
    assert account.cli("s3", "ls", f"s3://{other}", status=None).returncode != 0


def test_the_lower_command_line(account, bucket, tree, tmp_path):
    place = ("--bucket", bucket, "--key", "k")
    sent = account.json("s3api", "put-object", *place, "--body", tree / "a.txt", "--metadata", "a=b")
    assert account.json("s3api", "head-object", *place)["ETag"] == sent["ETag"]
    account.json("s3api", "get-object", *place, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == (tree / "a.txt").read_bytes()
    assert account.json("s3api", "list-objects-v2", "--bucket", bucket)["Contents"][0]["Key"] == "k"
    failed = account.cli("s3api", "get-object", "--bucket", bucket, "--key", "x", tmp_path / "x", status=None)
    assert failed.returncode != 0 and b"NoSuchKey" in failed.stderr


# The wire


def test_errors_are_xml(plain, wire):
    answer = signed(plain, "GET", f"/{wire}/a%26b")
    assert answer.headers["content-type"] == "application/xml"
    text = answer.body.decode()
    assert f"<RequestId>{answer.headers['x-amz-request-id']}</RequestId>" in text and "<Message>" in text
    assert signed(plain, "HEAD", f"/{wire}/a%26b").body == b""
    assert datetime.datetime.strptime(answer.headers["date"], "%a, %d %b %Y %H:%M:%S GMT")


@pytest.mark.parametrize("method, query", [
    ("PUT", "acl"), ("PUT", "lifecycle"), ("PUT", "policy"), ("GET", "inventory"), ("POST", "select"), ("PUT", "cors"),
    ("GET", "torrent"), ("POST", "restore"), ("PUT", "encryption"), ("GET", "unknown-thing")])
def test_what_is_not_there_is_not_pretended(plain, wire, method, query):
    plain.client("s3").put_object(Bucket=wire, Key="k", Body=b"x")
    for path in (f"/{wire}", f"/{wire}/k"):
        answer = signed(plain, method, path, [(query, "")])
        assert answer.status >= 400 or answer.body == b"x" or b"ListBucketResult" in answer.body
        assert answer.status < 500 or answer.error == ("NotImplemented", 501)
    assert plain.client("s3").get_object(Bucket=wire, Key="k")["Body"].read() == b"x"


def test_buckets_in_the_host_name(plain, wire):
    s3 = plain.client("s3", config={"s3": {"addressing_style": "virtual"}})
    name = f"{wire}.localhost:{plain.server.port}"
    signer = Signer(plain)
    signer.host = name
    target, headers = signer.request("PUT", "/a/k", payload_hash=sha256(b"x"))
    assert send(plain, "PUT", target, headers, b"x").status == 200
    assert plain.client("s3").get_object(Bucket=wire, Key="a/k")["Body"].read() == b"x"
    assert s3.meta.config.s3["addressing_style"] == "virtual"


def test_services_share_paths_and_do_not_meet(plain):
    s3 = plain.client("s3")
    for name in ("imported-models", "model-import-jobs", "model", "v1-models"):
        s3.create_bucket(Bucket=name)
        s3.put_object(Bucket=name, Key="x/invoke", Body=b"object")
        assert s3.get_object(Bucket=name, Key="x/invoke")["Body"].read() == b"object"
    bedrock = plain.client("bedrock")
    assert bedrock.list_imported_models(maxResults=1)["modelSummaries"] is not None
    assert error_of(bedrock.get_imported_model, modelIdentifier="x") == ("ResourceNotFoundException", 404)
    assert len(keys_of(s3, "imported-models")) == 1
