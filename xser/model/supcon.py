"""Language-aware supervised contrastive loss (Mi, Ma and Toda, arXiv:2606.06200; Khosla et al. 2020 for lambda 1)."""

import torch
from torch import Tensor

from xser.core.errors import XserError
from xser.model.gathering import gather_with_gradients

SHORTEST = 1e-4  # length of an embedding that has a direction


class LanguageAwareSupCon(torch.nn.Module):
    """Draw utterances of one emotion together, those of different languages more strongly.

    For anchor i with positives P(i) (same emotion, i excluded), A(i) all but i, and z = h / |h|::

        w_ip = lambda if language(p) != language(i), else 1
        L_i  = - sum_p w_ip log( exp(z_i.z_p / tau) / sum_{a in A(i)} exp(z_i.z_a / tau) ) / sum_p w_ip

    The loss is the mean of L_i over the anchors that have a positive; 0 when none has. In distributed training the
    batch is that of all ranks together (`xser.model.gathering`).

    Parameters
    ----------
    cross_language_weight
        lambda. 1 gives the plain supervised contrastive loss.
    temperature
        tau.

    Raises
    ------
    XserError
        When a parameter is not positive.

    Examples
    --------
    >>> loss = LanguageAwareSupCon()
    >>> embeddings = torch.eye(4)  # (batch, size): four utterances, all unlike
    >>> f"{loss(embeddings, torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 0, 1])):.4f}"  # log(3)
    '1.0986'
    """

    def __init__(self, cross_language_weight: float = 2.5, temperature: float = 0.07) -> None:
        super().__init__()
        for key, value in {"cross_language_weight": cross_language_weight, "temperature": temperature}.items():
            if not value > 0:
                raise XserError(f"{key} is {value}: give a number above 0")
        self.cross_language_weight = float(cross_language_weight)
        self.temperature = float(temperature)

    def forward(self, embeddings: Tensor, emotions: Tensor, languages: Tensor) -> Tensor:
        """Compute the loss.

        Parameters
        ----------
        embeddings
            Shape (batch, size), of any length; half precision is computed in float32.
        emotions, languages
            Class indices, shape (batch,).
        """
        embeddings = gather_with_gradients(embeddings)
        emotions, languages = gather_with_gradients(torch.stack([emotions, languages], dim=1)).unbind(dim=1)
        with torch.autocast(embeddings.device.type, enabled=False):
            if embeddings.dtype in (torch.float16, torch.bfloat16):
                embeddings = embeddings.float()
            return self._loss(embeddings, emotions, languages)

    def _loss(self, embeddings: Tensor, emotions: Tensor, languages: Tensor) -> Tensor:
        if len(emotions) < 2:
            return 0.0 * embeddings.sum()
        same_emotion = emotions[:, None] == emotions[None, :]
        same_language = languages[:, None] == languages[None, :]
        itself = torch.eye(len(emotions), dtype=torch.bool, device=emotions.device)
        positive = same_emotion & ~itself
        # An embedding of length 0 has no direction to be moved in; its gradient would be a thousand billion.
        short = embeddings.detach().norm(dim=1, keepdim=True) < SHORTEST
        z = torch.nn.functional.normalize(embeddings.masked_fill(short, 0.0), dim=1)
        likeness = (z @ z.T / self.temperature).masked_fill(itself, -torch.inf)
        log_share = likeness.log_softmax(dim=1).masked_fill(itself, 0.0)
        weight = positive.to(z.dtype)
        weight = torch.where(same_language, weight, weight * self.cross_language_weight)
        # Anchors without a positive count with 0; taking the others out would wait for the GPU to say how many.
        anchors = positive.any(dim=1)
        total = weight.sum(dim=1)
        of_anchors = (weight * log_share).sum(dim=1) / torch.where(anchors, total, torch.ones_like(total))
        return -of_anchors.sum() / anchors.sum().clamp(min=1)
