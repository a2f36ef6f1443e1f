"""Trained models travel both ways: MXNet answers as this program does, whoever of the two trained."""

import pytest

from tests.portability.trained_models import RECIPES, Recipe, reference, served

# Of a model that MXNet saved: the reference in double precision takes its time.
IMAGES = 32


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_a_model_trained_here_answers_the_same_in_mxnet(recipe: Recipe, mxnet, trained, compare) -> None:
    model = trained(recipe)
    answers = mxnet.predict(model.folder, model.test_pixels)
    compare(recipe, f"trained here, answered by MXNet {mxnet.version}", answers, model.answers)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_a_model_trained_here_answers_the_same_when_served_here(recipe: Recipe, trained, compare) -> None:
    model = trained(recipe)
    answers = served(model.folder, model.test_pictures)
    compare(recipe, "trained here, served here", answers, model.answers)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_what_mxnet_saves_answers_the_same_here(recipe: Recipe, mxnet, trained, compare) -> None:
    model = trained(recipe)
    saved = mxnet.train(model.folder, model.training_pixels, model.training_labels)
    pixels, pictures = model.test_pixels[:IMAGES], model.test_pictures[:IMAGES]
    expected = reference(saved, pixels)
    by_mxnet = f"trained on by MXNet {mxnet.version}"
    compare(recipe, f"{by_mxnet}, answered there", mxnet.predict(saved, pixels), expected)
    compare(recipe, f"{by_mxnet}, served here", served(saved, pictures), expected)
