"""The face-swap models: their data, their losses, their networks.

augmentation      Augmentation of a step's faces
autoencoder       The shape the three face models share
blocks            The building blocks of the three face models
deep_convolution  Convolutions of many channels on few pixels, as one matrix product
dlight            The DLight face model: 128 px in; decoder B much larger than decoder A
folders           Whether a person's folders of faces are still what a run began with
generated         Draws faces of two made-up people, A and B, at any size
losses            What face models are trained on
original          The Original face model
pictures          Faces of two people, A and B
previews          Previews of a face model
realface          The RealFace model
task              A face model made ready to train
"""
