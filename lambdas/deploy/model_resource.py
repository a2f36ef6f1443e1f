"""The custom resource that is a model, whether it is trained here or given: how it comes to be judged.

``start`` takes CloudFormation's request and sees to it that there is a model; the state machine waits for it,
has ``evaluate`` start its evaluation, and waits for that; ``finish`` checks the gate, and the proof of a
threshold where one is asked for, and answers. What passes is registered as a version, to be gone back to.

The accuracy is kept with what it was measured for. So another gate needs no other evaluation, and a deploy
that is rolled back gets its former model at once, whatever has become of what the model was made of.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes import CloudFormationCustomResourceEvent as Request

from lambdas.deploy.custom_resource import (
    answer,
    answer_failure,
    describe_failure,
    end_waiting,
    is_waiting,
    start_waiting,
    try_patiently,
)
from lambdas.deploy.gate import ModelRefused, check_gate
from lambdas.deploy.jobs import make_digest, sagemaker
from lambdas.deploy.models import evaluation
from lambdas.deploy.models.answers import keep_answers
from lambdas.deploy.models.chosen import find_chosen, is_chosen
from lambdas.deploy.models.kept import (
    Verdict,
    exists,
    find_served,
    keep,
    read_verdict,
    supersede,
    supersede_unused,
    write_verdict,
)
from lambdas.deploy.models.proof import is_asked_for, is_possible, prove_threshold
from lambdas.deploy.models.registering import register
from lambdas.deploy.models.versions import find_newest_model
from lambdas.workflow import places

Properties = Mapping[str, Any]
logger = Logger(use_rfc3339=True)


class ModelResource(ABC):
    """What a model that is trained and one that is given have in common."""

    overtime_remedy: ClassVar[str]
    """What to do about an evaluation that takes too long."""

    @abstractmethod
    def list_facts(self, properties: Properties) -> list[Any]:
        """Returns all that decides which model it is and what its evaluation says."""

    @abstractmethod
    def obtain(self, properties: Properties) -> str:
        """Returns the name of the model in the bucket, which may still be in the making.

        Raises:
            ModelRefused: There can be no such model, or it could not be judged.
        """

    @abstractmethod
    def check_obtained(self, model: str) -> None:
        """Refuses a model that was waited for and is not there.

        Raises:
            ModelRefused: The model is not there.
        """

    @abstractmethod
    def stop(self, properties: Properties) -> None:
        """Stops what still makes a model of these properties."""

    @abstractmethod
    def describe(self, model: str) -> str:
        """Returns in words which model it is, to follow "the model"."""

    @abstractmethod
    def locate_log(self, verdict: Verdict) -> str:
        """Returns in words where the log is that tells more of a model that was refused."""

    def start(self, event: dict[str, Any], context: object) -> None:
        """Takes CloudFormation's request; answers it where nothing has to be waited for."""
        now = time.time()
        request = Request(event)
        properties = request.resource_properties
        resource_id = request.physical_resource_id or f"{properties['Name']}-not-started"
        try:
            if request.request_type == "Delete":
                # The model stays: an endpoint may serve it, or the deploy may yet be rolled back to it.
                try_patiently(lambda: self._abandon(properties))
                answer(request, status="SUCCESS", resource_id=resource_id)
            else:
                try_patiently(lambda: self._accept_or_wait(request, now))
        except Exception as error:
            answer_failure(request, resource_id, error)
        former = request.old_resource_properties
        if former and self._identify(former) != self._identify(properties):
            # When an update is cancelled, CloudFormation goes back without waiting for what it had asked.
            try:
                try_patiently(lambda: self._abandon(former))
            except Exception as error:
                # The request is answered: were it delivered again, it would start anew.
                logger.warning("What was asked before may go on", extra={"error": repr(error)})

    def evaluate(self, event: dict[str, Any], context: object) -> dict[str, str]:
        """Has a model evaluated.

        Args:
            event: What ``start`` told the state machine, and the ``execution`` that asks.
            context: What Lambda tells of the call.

        Returns:
            ``evaluation``, the name of the transform job, or ``failure``, why there is none.
        """
        properties = Request(event["request"]).resource_properties
        name, model = self._name_evaluation(properties), event["model"]
        try:
            self.check_obtained(model)
            job = try_patiently(lambda: evaluation.find_or_create(properties, name, model))
            if not try_patiently(lambda: is_waiting(event["execution"])):
                evaluation.end(name)
                raise ModelRefused(f"The model {self.describe(model)} is not wanted any more")
        except Exception as error:
            return {"failure": describe_failure(error)}
        return {"evaluation": job}

    def finish(self, event: dict[str, Any], context: object) -> dict[str, str]:
        """Answers CloudFormation when the evaluation has ended, or why there was none.

        Args:
            event: What ``start`` told the state machine, and what ``evaluate`` returned.
            context: What Lambda tells of the call.

        Returns:
            ``Status`` and ``Reason`` of the answer, for the state machine.
        """
        request = Request(event["request"])
        properties, model = request.resource_properties, event["model"]
        name, former = self._name_evaluation(properties), request.physical_resource_id
        try:
            if "failure" in event:
                raise ModelRefused(event["failure"])
            job = event["evaluation"]
            answers = evaluation.read_answers(properties, job, self.overtime_remedy)
            verdict = Verdict(model, job, answers.accuracy)
            # In this order: where there is a verdict, there are answers.
            keep_answers(properties["Bucket"], model, properties["Dataset"], answers)
            write_verdict(properties["Bucket"], name, verdict)
            self._check(properties, verdict)
            try_patiently(lambda: self._register(properties, verdict))
        except Exception as error:
            self._clean_up(properties, model, former)
            return {"Status": "FAILED", "Reason": answer_failure(request, former or model, error)}
        self._accept(request, model, verdict.accuracy, properties["Dataset"])
        return {"Status": "SUCCESS", "Reason": f"Validation accuracy {verdict.accuracy:.4f}"}

    def _accept_or_wait(self, request: Request, now: float) -> None:
        """Accepts a model whose accuracy is known, or begins to wait for one.

        Raises:
            ModelRefused: There can be no such model, or it is known not to pass.
        """
        properties = request.resource_properties
        if is_chosen(properties):
            version = find_chosen(properties)
            self._accept(request, version.model, version.accuracy, version.dataset)
            return
        verdict = read_verdict(properties["Bucket"], self._name_evaluation(properties))
        if verdict is None or not self._may_return_to(verdict, request):
            model = self.obtain(properties)
            if verdict is None or verdict.model != model or not is_possible(properties, model):
                start_waiting(request, {"model": model, **_set_deadlines(properties, now)})
                return
            self._check(properties, verdict)
        self._register(properties, verdict)
        self._accept(request, verdict.model, verdict.accuracy, properties["Dataset"])

    def _may_return_to(self, verdict: Verdict, request: Request) -> bool:
        """Tells whether a resource that is updated gets a model that has passed and is still there.

        Nothing else is looked at: when CloudFormation rolls back, the former model has to be had even where
        its data set, its job or the object that it was copied from is gone.
        """
        properties = request.resource_properties
        if request.request_type != "Update" or not exists(properties["Bucket"], verdict.model):
            return False
        try:
            self._check(properties, verdict)
        except ModelRefused:
            return False
        return True

    def _check(self, properties: Properties, verdict: Verdict) -> None:
        """Refuses a model below the gate, and one without a threshold that is asked to be proved.

        Raises:
            ModelRefused: The model does not pass.
        """
        check_gate(
            verdict.accuracy,
            gate=float(properties["AccuracyGate"]),
            model=self.describe(verdict.model),
            log=self.locate_log(verdict),
        )
        if is_asked_for(properties):
            prove_threshold(properties, verdict.model, properties["Dataset"], remedy="deploy again")

    def _register(self, properties: Properties, verdict: Verdict) -> None:
        register(sagemaker, properties, model=verdict.model, accuracy=verdict.accuracy, job=verdict.job)

    def _accept(self, request: Request, model: str, accuracy: float, dataset: str) -> None:
        """Answers which model is in use, and the data set that judged it; marks others for removal.

        Beside a version that somebody went back to, the newest is kept: it is the way forward.
        """
        properties = request.resource_properties
        bucket, name = properties["Bucket"], properties["Name"]
        keep(bucket, model)
        newest = find_newest_model(sagemaker, name) if is_chosen(properties) else None
        supersede_unused(bucket, {model, newest or model}, deployment=name)
        data = {
            "ModelDataUrl": places.s3_uri(bucket, places.model_key(model)),
            "ValidationAccuracy": f"{accuracy:.4f}",
            "Dataset": dataset,
        }
        answer(request, status="SUCCESS", resource_id=model, data=data)

    def _clean_up(self, properties: Properties, model: str, former: str) -> None:
        """Stops what still runs for a model that is refused, and marks it for removal unless it is in use."""
        try:
            self._stop_all(properties)
            if model not in (former, find_served(properties["Name"])):
                supersede(properties["Bucket"], model)
        except Exception as error:
            # The answer, which comes after this, is worth more.
            logger.warning("Not all is cleaned up", extra={"model": model, "error": repr(error)})

    def _abandon(self, properties: Properties) -> None:
        """Ends all that goes on for a resource of these properties; starts nothing new in its place."""
        if is_chosen(properties):
            # Nothing ever does, and what has these inputs belongs to the latest.
            return
        # In this order: what an execution has just created is found by its name.
        end_waiting(properties)
        self._stop_all(properties)

    def _stop_all(self, properties: Properties) -> None:
        self.stop(properties)
        evaluation.end(self._name_evaluation(properties))

    def _identify(self, properties: Properties) -> tuple[str, bool]:
        return self._name_evaluation(properties), is_chosen(properties)

    def _name_evaluation(self, properties: Properties) -> str:
        """Returns the job's name: the same for the same model, data and container."""
        return places.job_name(properties["Name"], f"evaluation-{make_digest(self.list_facts(properties))}")


def _set_deadlines(properties: Properties, now: float) -> dict[str, int]:
    """Returns until when the state machine waits for a training and for an evaluation, in milliseconds."""
    waits = {"training_deadline_ms": "MaxTrainingWaitSeconds", "deadline_ms": "MaxWaitSeconds"}
    return {
        deadline: int((now + int(properties[wait])) * 1000)
        for deadline, wait in waits.items()
        if wait in properties
    }
