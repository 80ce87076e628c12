"""The face-swap models: their data, their losses, their networks.

task              a face model made ready to train: batches, loss and measures
original          Original: 64 px in, 64 px out
dlight            DLight: 128 px in, decoder B much larger than decoder A
realface          RealFace: no shared bottleneck, decoder A 2/3 as wide as B
autoencoder       the shape the three share
blocks            what their encoders and decoders are made of
deep_convolution  convolutions on few pixels, as one matrix product
losses            structural similarity plus mean squared error
pictures          faces of two people: generated, from folders, or LFW's
generated         draws faces of two made-up people
people            what stays the same from picture to picture of a person
heads             a head with relief: where rays meet it, and its light
features          what is painted on it: skin, brows, nostrils, mouth, eyes
textures          skin and hair close by
painting          the brushes
folders           whether a person's folders are still what a run began with
augmentation      how the faces of a step are varied
previews          how sharp a model's faces are, and a sheet to look at
"""
