import { render } from 'preact'
import '../shared/base.css'
import './walk.css'
import { Walk } from './walk'

render(<Walk />, document.getElementById('app')!)
