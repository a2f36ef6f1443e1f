"""The project's own algorithm trains and serves under the embedded SageMaker."""

import io
import json
import random
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.local.sagemaker.server import BUCKET, IMAGE, ROLE, Server, channel, running

HYPERPARAMETERS = {
    "num_classes": "2",
    "num_training_samples": "16",
    "num_layers": "20",
    "image_shape": "3,28,28",
    "mini_batch_size": "8",
    "epochs": "2",
    "learning_rate": "0.01",
    "use_pretrained_model": "0",
}


def picture(red: bool) -> bytes:
    """Returns a PNG that is mostly red or mostly blue."""
    colour = (200, random.randrange(60), 30) if red else (30, random.randrange(60), 200)
    encoded = io.BytesIO()
    Image.new("RGB", (28, 28), colour).save(encoded, "PNG")
    return encoded.getvalue()


def stage(server: Server) -> list[dict[str, object]]:
    """Puts 16 training and 8 validation pictures into the bucket and returns the job's channels."""
    s3 = server.client("s3")
    for split, count in (("train", 16), ("validation", 8)):
        lines = []
        for number in range(count):
            name = f"{'bicycle' if number % 2 else 'motorcycle'}/{number}.png"
            s3.put_object(Bucket=BUCKET, Key=f"real/{split}/{name}", Body=picture(bool(number % 2)))
            lines.append(f"{number}\t{number % 2}\t{name}\n")
        s3.put_object(Bucket=BUCKET, Key=f"real/{split}.lst", Body="".join(lines).encode())
    return [
        channel(name, f"s3://{BUCKET}/real/{path}")
        for name, path in (
            ("train", "train/"),
            ("validation", "validation/"),
            ("train_lst", "train.lst"),
            ("validation_lst", "validation.lst"),
        )
    ]


def test_the_projects_algorithm_trains_and_answers(tmp_path: Path) -> None:
    with running(tmp_path / "home", [sys.executable, "-m", "training"]) as server:
        channels = stage(server)
        server.train("real", HyperParameters=HYPERPARAMETERS, InputDataConfig=channels)
        server.train("wrong", HyperParameters={**HYPERPARAMETERS, "epochs": "many"}, InputDataConfig=channels)
        job = server.finished("real", 120)
        assert job["TrainingJobStatus"] == "Completed", job
        metrics = {metric["MetricName"] for metric in job["FinalMetricDataList"]}
        assert metrics == {"train:accuracy", "validation:accuracy"}
        wrong = server.finished("wrong", 60)
        assert wrong["FailureReason"].startswith("ClientError: ")
        assert "epochs" in wrong["FailureReason"]

        sagemaker = server.client("sagemaker")
        url = job["ModelArtifacts"]["S3ModelArtifacts"]
        sagemaker.create_model(
            ModelName="real", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": IMAGE, "ModelDataUrl": url}
        )
        variant = {"VariantName": "AllTraffic", "ModelName": "real", "InstanceType": "ml.m5.large"}
        sagemaker.create_endpoint_config(
            EndpointConfigName="real", ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
        )
        sagemaker.create_endpoint(EndpointName="real", EndpointConfigName="real")
        server.transform("real", "real", "real/validation/")
        endpoint = server.endpoint_settled("real", 60)
        assert endpoint["EndpointStatus"] == "InService", endpoint
        probabilities = server.ask("real", picture(red=True))
        assert len(probabilities) == 2
        assert abs(sum(probabilities) - 1) < 1e-6
        transformed = server.transformed("real", 60)
        assert transformed["TransformJobStatus"] == "Completed", transformed
        s3 = server.client("s3")
        found = s3.list_objects_v2(Bucket=BUCKET, Prefix="transformed/real/")["Contents"]
        assert len(found) == 8
        answer = s3.get_object(Bucket=BUCKET, Key="transformed/real/bicycle/1.png.out")["Body"]
        assert abs(sum(json.load(answer)) - 1) < 1e-6
        runtime = server.client("sagemaker-runtime")
        with pytest.raises(runtime.exceptions.ModelError) as caught:
            runtime.invoke_endpoint(EndpointName="real", ContentType="image/png", Body=b"no picture")
        assert caught.value.response["OriginalStatusCode"] == 400
