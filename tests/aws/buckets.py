"""S3: tags that a bucket is made with.

Clients read tags of buckets through S3 Control, which puts the account's number in front of its
host name. As an IP address can have none in front of it, they use this server as HTTP proxy.
"""

from moto.s3.models import s3_backends

from tests.aws.place import Place
from tests.aws.rows import Row
from tests.aws.wire import Document


def keep_tags(place: Place, given: Document, answer: Document) -> Document:
    tags = given.get("CreateBucketConfiguration", {}).get("Tags", [])
    by_key = {tag["Key"]: tag["Value"] for tag in tags}
    if by_key:
        s3 = s3_backends[place.account][place.partition]
        s3.put_bucket_tagging(given["Bucket"], by_key)
    return answer


LACKS = [
    Row(
        service="s3",
        operation="CreateBucket",
        why="moto drops the tags that a bucket is made with",
        amend=keep_tags,
    )
]
