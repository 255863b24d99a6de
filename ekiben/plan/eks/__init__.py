"""An EKS cluster decided: AWS resources as plain data, in pulumi-aws' own spelling.

What is known only once something is there is written as `${name.output}` and filled in when it is
placed; all else is a value that a person can read and a test can judge.
"""
