"""What Ekiben adds to every service inside its image: ASGI middleware, standard library only.

The folder lies in images as /opt/ekiben/ekiben_runtime and is part of the image id, so a change
here makes new images. It imports nothing of Ekiben's and touches no code of the model.
"""
